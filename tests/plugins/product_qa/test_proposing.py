"""What reaches the skill: product questions do, everyday requests do not, with the shipped understanding and gate."""

from __future__ import annotations

from pathlib import Path

from assistant.testing import Client
from plugins.product_qa.shop import Parts
from tests.plugins.product_qa.small_shop import Overlap, Shopper, Vectors

EVERYDAY = """
add the kettle to my shopping list
put a tent on the camping list
remove the backpack from my shopping list
set an alarm for seven
wake me up at half past six tomorrow
what alarms do i have
delete my alarm
set a timer for ten minutes
how long is left on the timer
remind me to buy a kettle on friday
remind me to return the package tomorrow
what is on my calendar today
do i have a meeting on monday
schedule lunch with anna at noon
cancel my appointment
what is the weather in berlin
will it rain tomorrow
do i need an umbrella today
is it cold outside
how hot is it in rome
turn on the lights
switch off the lamp in the bedroom
is the light on in the kitchen
dim the lights to twenty percent
start the robot vacuum
turn on the coffee machine
what time is it
what time is it in tokyo
what is the date today
how many days until christmas
play some jazz
play the next song
what song is this
turn the volume down
what is five times seven
what is fifteen percent of eighty
convert ten inches to centimetres
how many litres are in a gallon
how much is two kilos in pounds
what does ubiquitous mean
define photosynthesis
who wrote hamlet
what is the capital of france
how tall is the eiffel tower
how old is the president
tell me a joke
how are you
thank you
good morning
what can you do
what is your name
send an email to peter
do i have new emails
read me the news
what is the traffic like
book a table for two
order a pizza
how do i cook rice
when does the next train leave
what is the stock price of apple
call mum
what movies are on tonight
""".strip().splitlines()

PRODUCTS = """
is the gooseneck kettle dishwasher safe
is the brookfell gooseneck kettle loud
how heavy is the travel kettle
how much does the family tent weigh
what is the capacity of the travel kettle
is the tarnholt tent waterproof
is the desk lamp dimmable
does the city backpack fit a laptop
how long does the battery of the wireless earbuds last
can i put the french press in the dishwasher
which is lighter, the travel kettle or the gooseneck kettle
which kettle is the cheapest
what do reviewers say about the noise of the gooseneck kettle
is the robot vacuum loud
does the rain jacket have a hood
how long is the cord of the travel kettle
what is the coffee grinder made of
are the running shoes waterproof
is the sleeping bag warm enough for winter
does the power bank charge a laptop
is the cast iron pan suitable for induction
how many people does the family tent sleep
how do i return a package
how much does shipping cost
can i cancel my order
do you offer student discounts
""".strip().splitlines()


async def reached(user: Client, lines: list[str]) -> list[str]:
    """The texts that this skill answered, each in a conversation of its own."""
    found = []
    for place, text in enumerate(lines):
        heard = user.assistant.utterance(text, f"{len(lines)} {place}", "tester", "test")
        turn = await user.assistant.dialog.send(heard).turn()
        if turn.decision.candidates[turn.decision.executed].skill == "product_qa":
            found.append(text)
    return found


async def test_product_questions_reach_the_skill_and_everyday_requests_do_not(tmp_path: Path) -> None:
    shop = Path(__file__).parents[3] / "plugins" / "product_qa" / "data" / "catalogue.jsonl"
    async with Shopper(tmp_path, Parts(None, Overlap(), Vectors()), catalogue=str(shop)) as user:
        assert len(EVERYDAY) >= 60 and len(PRODUCTS) >= 25
        assert await reached(user, EVERYDAY) == []
        assert await reached(user, PRODUCTS) == PRODUCTS
