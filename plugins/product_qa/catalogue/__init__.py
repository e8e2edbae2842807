"""The catalogue: products and the shop's own pages, read from files of many kinds, kept, and cut into passages."""

from plugins.product_qa.catalogue.importing import DEFAULT, Report, load, rehearse
from plugins.product_qa.catalogue.passages import PAGE, is_page, passages_of, unit_of
from plugins.product_qa.catalogue.read import LAYOUTS, Layout, read
from plugins.product_qa.catalogue.rows import RowError
from plugins.product_qa.catalogue.store import Catalogue, Changes, Title

__all__ = [
    "DEFAULT",
    "LAYOUTS",
    "PAGE",
    "Catalogue",
    "Changes",
    "Layout",
    "Report",
    "RowError",
    "Title",
    "is_page",
    "load",
    "passages_of",
    "read",
    "rehearse",
    "unit_of",
]
