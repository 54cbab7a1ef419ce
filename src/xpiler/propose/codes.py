"""The numbers of the messages about language models, and what each means in one line."""

from __future__ import annotations

CODES: dict[str, str] = {
    "XP5002": "no language model is named, or a setting of it cannot be used",
    "XP5003": "the budget for a language model is spent",
    "XP5004": "a file is not a tape of exchanges with a language model",
}
