"""Parse a request, call the models, serialise the answer. No rules here."""
