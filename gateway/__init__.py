"""The file-exchange gateway between a plant's MES and its ERP."""

__version__ = "0.1.0"
