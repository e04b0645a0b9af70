"""An XSD as the parser of a large document takes it: for identity constraints over all records.

All else is found record by record. The parser would ask about every value once more, with nobody to
stop it, and keep each message: so it gets the XSD without what takes long.
"""

from __future__ import annotations

import os
import urllib.parse
from typing import TYPE_CHECKING, Any

from lxml import etree

from gateway.formats import xsd_slow

if TYPE_CHECKING:
    from pathlib import Path


def without_slow_facets(main: Path) -> etree.XMLSchema:
    """Compile the XSD in ``main``, whose files were looked at, without long lists and slow patterns.

    Raises etree.LxmlError where it cannot be compiled.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(_Lighter())
    return etree.XMLSchema(etree.parse(os.fspath(main), parser))


class _Lighter(etree.Resolver):
    """Gives the files of the set without their slow facets."""

    def resolve(self, system_url: str, _public_id: str | None, context: Any) -> Any:  # type: ignore[override] # the stubs forget the context
        """Return the file at ``system_url``, which libxml2 has escaped where it put two names together."""
        path = system_url if os.path.exists(system_url) else urllib.parse.unquote(system_url)
        if not os.path.exists(path):
            return None  # an import that leads nowhere: libxml2 goes on without it
        tree = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
        for facet in list(xsd_slow.slow_facets(tree.getroot())):
            facet.getparent().remove(facet)  # type: ignore[union-attr] # a facet stands in a restriction
        return self.resolve_string(etree.tostring(tree), context, base_url=system_url)
