"""Closed word lists of product questions: question words, commands, attributes, properties, matters of a shop."""

from __future__ import annotations


def listed(text: str, mark: str = " ") -> frozenset[str]:
    """The words of a text, or what stands between its marks."""
    return frozenset(text.split(mark))


WH = listed("what which who whom whose where when why how")
AUXILIARIES = listed(
    "is are was were do does did can could will would should has have had may isn't aren't doesn't don't can't won't"
    " isnt arent doesnt dont cant wont"
)
DEIXIS = listed("this these it its that those they them product item unit model")
COMMANDS = listed(
    "set play remind turn tell show call send add create delete remove make give book find put stop wake start open"
    " check cancel schedule change switch pause resume order read text email post tweet start increase decrease dim"
    " raise lower mute define translate convert calculate roll flip search look pull list let please hey ok"
)
FUNCTION = listed(
    "a an the of to in on at for with by from as and or but not no if then than so do does did is are was were be been"
    " being am can could will would should may might must shall has have had i you he she it we they me my your his her"
    " its our their this that these those there here what which who whom whose where when why how much many any some"
    " all each every just also only very too up out off about into over under after before while during between"
    " through get got use using used want need like know please thanks thank anyone someone"
)

#: What a product has, as people type it -> the question about it; {of} becomes "the kettle" or "it".
ATTRIBUTES: dict[str, str] = {
    "capacity": "What is the capacity of {of}?",
    "volume": "What is the volume of {of}?",
    "weight": "How much does {of} weigh?",
    "weigh": "How much does {of} weigh?",
    "weight limit": "What is the weight limit of {of}?",
    "weight capacity": "What is the weight capacity of {of}?",
    "load capacity": "What is the load capacity of {of}?",
    "dimensions": "What are the dimensions of {of}?",
    "dimension": "What are the dimensions of {of}?",
    "measurements": "What are the measurements of {of}?",
    "size": "What is the size of {of}?",
    "height": "What is the height of {of}?",
    "width": "What is the width of {of}?",
    "length": "What is the length of {of}?",
    "depth": "What is the depth of {of}?",
    "diameter": "What is the diameter of {of}?",
    "thickness": "What is the thickness of {of}?",
    "price": "How much does {of} cost?",
    "cost": "How much does {of} cost?",
    "color": "What color is {of}?",
    "colour": "What colour is {of}?",
    "colors": "What colors does {of} come in?",
    "colours": "What colours does {of} come in?",
    "material": "What material is {of} made of?",
    "materials": "What materials is {of} made of?",
    "fabric": "What fabric is {of} made of?",
    "ingredients": "What are the ingredients of {of}?",
    "battery life": "How long does the battery of {of} last?",
    "battery type": "What type of battery does {of} use?",
    "charging time": "How long does {of} take to charge?",
    "voltage": "What is the voltage of {of}?",
    "wattage": "What is the wattage of {of}?",
    "power": "What is the power of {of}?",
    "noise level": "What is the noise level of {of}?",
    "speed": "What is the speed of {of}?",
    "resolution": "What is the resolution of {of}?",
    "screen size": "What is the screen size of {of}?",
    "cord length": "How long is the cord of {of}?",
    "cable length": "How long is the cable of {of}?",
    "warranty": "What is the warranty on {of}?",
    "guarantee": "What is the guarantee on {of}?",
    "brand": "What is the brand of {of}?",
    "manufacturer": "Who is the manufacturer of {of}?",
    "model number": "What is the model number of {of}?",
    "part number": "What is the part number of {of}?",
    "age range": "What is the age range of {of}?",
    "age": "What age is {of} for?",
    "country of origin": "What is the country of origin of {of}?",
    "operating system": "What is the operating system of {of}?",
    "memory": "How much memory does {of} have?",
    "storage": "How much storage does {of} have?",
    "ram": "How much ram does {of} have?",
    "temperature": "What is the temperature of {of}?",
    "shape": "What is the shape of {of}?",
    "flavor": "What is the flavor of {of}?",
    "flavour": "What is the flavour of {of}?",
    "smell": "What does {of} smell like?",
    "expiration date": "What is the expiration date of {of}?",
    "shelf life": "What is the shelf life of {of}?",
    "features": "What are the features of {of}?",
    "accessories": "What accessories does {of} come with?",
    "pieces": "How many pieces does {of} have?",
    "difference": "What is the difference between {of}?",
}  # fmt: skip
#: What a product is or is not.
PROPERTIES = listed(
    "waterproof water-resistant washable rechargeable wireless foldable collapsible adjustable reusable refillable"
    " removable portable durable sturdy comfortable quiet noisy loud heavy lightweight flexible stackable compostable"
    " biodegradable recyclable organic vegan edible toxic non-toxic flammable fireproof heatproof shockproof"
    " scratchproof windproof weatherproof breathable magnetic electric cordless automatic programmable dimmable"
    " submersible replaceable transparent hypoallergenic scented unscented microwaveable ovenproof safe authentic"
    " genuine new refurbished compatible universal reversible expandable bluetooth unlocked"
)
#: Two-word properties: "dishwasher safe".
PROPERTY_PAIRS = listed(
    "dishwasher safe, microwave safe, oven safe, machine washable, hand washable, gluten free, bpa free, sugar free,"
    " water resistant, heat resistant, battery operated, battery powered, child safe, pet safe, food safe, lead free,"
    " latex free, fragrance free, energy efficient, noise cancelling, leak proof, spill proof, scratch resistant,"
    " true to size, easy to clean, easy to assemble, easy to install, made in usa",
    ", ",
)
#: What a customer does -> the article of what it is done to ("my" where it is theirs).
ACTIONS: dict[str, str] = {
    "return": "a", "exchange": "a", "cancel": "my", "track": "my", "change": "my", "pay": "my", "activate": "my",
    "deactivate": "my", "apply": "", "open": "a", "close": "my", "block": "my", "unblock": "my", "register": "my",
    "update": "my", "reset": "my", "redeem": "my", "renew": "my", "transfer": "", "install": "the", "assemble": "the",
    "clean": "the", "wash": "the", "charge": "the", "use": "the", "connect": "the", "replace": "the", "repair": "the",
    "report": "a", "contact": "", "order": "a", "buy": "a", "download": "the", "remove": "the", "adjust": "the",
    "claim": "a", "get": "a", "obtain": "a", "check": "my", "view": "my", "link": "my", "withdraw": "", "deposit": "",
    "subscribe": "", "unsubscribe": "", "surrender": "my", "nominate": "a",
    "lock": "the", "unlock": "the", "store": "the",
}  # fmt: skip
#: What a shop (or a bank) answers for: "refund time", "shipping cost".
MATTERS: dict[str, str] = {
    "return policy": "What is the return policy?",
    "refund policy": "What is the refund policy?",
    "exchange policy": "What is the exchange policy?",
    "privacy policy": "What is the privacy policy?",
    "refund time": "How long does a refund take?",
    "delivery time": "How long does delivery take?",
    "shipping time": "How long does shipping take?",
    "shipping cost": "How much does shipping cost?",
    "delivery cost": "How much does delivery cost?",
    "shipping costs": "How much does shipping cost?",
    "free shipping": "Is shipping free?",
    "international shipping": "Do you ship internationally?",
    "gift wrap": "Can I have it gift wrapped?",
    "gift card": "How do I use a gift card?",
    "payment methods": "What payment methods do you accept?",
    "payment options": "What payment methods do you accept?",
    "opening hours": "What are your opening hours?",
    "refund": "How do I get a refund?",
    "late delivery": "What do I do when my delivery is late?",
    "missing package": "What do I do when my package is missing?",
    "damaged item": "What do I do when an item arrives damaged?",
    "wrong item": "What do I do when I got the wrong item?",
    "customer service": "How do I contact customer service?",
    "promo code": "How do I use a promo code?",
    "student discount": "Is there a student discount?",
}
#: Nouns of conditions: "home loan documents" -> what are the documents for a home loan. True where plural.
CONDITIONS: dict[str, bool] = {
    "charges": True, "fees": True, "fee": False, "documents": True, "benefits": True, "features": True,
    "requirements": True, "eligibility": False, "limit": False, "limits": True, "validity": False,
    "minimum amount": False,
    "maximum amount": False,
    "interest rate": False, "rate": False, "rates": True, "process": False, "procedure": False,
    "tenure": False, "timings": True, "terms": True, "criteria": True, "options": True, "types": True,
    "advantages": True, "duration": False, "period": False, "amount": False, "penalty": False,
    "instructions": True, "conditions": True,
}  # fmt: skip
SHOP = listed(
    "return returns refund refunds exchange warranty guarantee shipping ship shipped delivery deliver delivered order"
    " package parcel gift wrap payment coupon discount promo store seller stock sold price tracking checkout"
)
RELATIONS = listed(
    "compatible fit fits work works come comes include included includes made make require requires need needs support"
    " supports hold holds last lasts weigh weighs cost costs attach replace charge connect mount run runs"
)
ALL_ATTRIBUTES = frozenset(word for phrase in ATTRIBUTES for word in phrase.split() if word not in FUNCTION)
