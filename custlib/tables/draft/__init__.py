"""Draft a `dataset.toml` for unknown files: look, understand, and ask only what a person must decide."""

from custlib.tables.draft.drafting import Draft, Note, Question, draft, write_draft

__all__ = ["Draft", "Note", "Question", "draft", "write_draft"]
