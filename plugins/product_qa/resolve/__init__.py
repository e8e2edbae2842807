"""Which product is meant: the one on the page, the one talked about before, or one that is named."""

from plugins.product_qa.resolve.names import Entry
from plugins.product_qa.resolve.resolver import How, Resolved, Resolver

__all__ = ["Entry", "How", "Resolved", "Resolver"]
