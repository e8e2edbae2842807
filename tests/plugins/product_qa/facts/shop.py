"""A small shop's products for the tests."""

from __future__ import annotations

from plugins.product_qa.facts import Fact, facts
from plugins.product_qa.types import Attribute, Product


def product(id: str, **attributes: str) -> Product:
    """A product with attributes; two underscores in a name stand for a space."""
    return Product(id, id, tuple(Attribute(name.replace("__", " "), value) for name, value in attributes.items()))


PACK = facts(
    product(
        "pack",
        item_weight="1.2 kg",
        capacity="40 litres",
        item_dimensions='20"H x 12"W x 8"D',
        laptop_size="up to 15.6 inches",
        waterproof="IPX4",
        price="$89.99",
        color="blue",
        material="nylon, polyester",
        is_stain_resistant="{ value:false }",
        warranty="2 years",
        number_of_pieces="12",
        load_capacity="15 kg",
        item_package_weight="{ unit:kilograms, normalized_value:{ unit:pounds, value:3.6 }, value:1.63 }",
    )
)
SPEAKER = facts(
    product(
        "speaker",
        Item__Weight="19.2 ounces",
        Battery__Life="9-12 hours",
        Battery="Li-ion, 2000mAh",
        noise_level="62 dB",
        power="20 W",
        voltage="100-240V",
        is_electric="{ value:false }",
        display='{ resolution_maximum:[ { value:"1366 x 768" } ], size:[ { unit:inches, value:15.6 } ] }',
        water_resistance_depth="{ unit:meters, value:50 }",
        price="$49",
        batteries_included="yes",
        charging_time="90 min",
        country_of_origin="Germany",
    )
)


def names(found: list[Fact]) -> list[str]:
    """Names of facts."""
    return [fact.name for fact in found]
