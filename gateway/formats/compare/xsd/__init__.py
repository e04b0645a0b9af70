"""XML Schemas compared as schemas: what a set of XSD files declares, what changed, and proof of it."""

from gateway.formats.compare.xsd.releases import SchemaComparison, compare_sets, compare_xsd, compare_xsd_sets
from gateway.formats.compare.xsd.summary import SchemaSummary

__all__ = ["SchemaComparison", "SchemaSummary", "compare_sets", "compare_xsd", "compare_xsd_sets"]
