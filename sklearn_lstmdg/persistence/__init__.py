"""Models in files that run no code: saved, and read back as they were fitted."""

from ._model_file import load_model, read_facts, save_model

__all__ = ["load_model", "read_facts", "save_model"]
