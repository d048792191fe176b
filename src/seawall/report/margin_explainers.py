"""What does a term of the pages about margin mean? Title and at most 45 words, as in ``explainers``."""

from __future__ import annotations

MARGIN_TERMS: dict[str, tuple[str, str]] = {
    "initial": ("Initial margin", "What an account must have before it may add risk. A loss that the model deems "
                "possible until the position could be closed, with add-ons; every number carries its model’s grade."),
    "least": ("By the least", "The same book under the model that asks least. The gap between the two is what the "
              "choice of rules is worth."),
    "margin-equity": ("Equity", "What the book is worth at the marks, unrealised gains included. What a model counts "
                      "as owned may be less: that stands in its own column."),
    "below": ("Below maintenance", "Accounts whose equity, as the model counts it, is less than the maintenance "
              "requirement: the venue may close them now."),
    "most-used": ("Most in use", "Maintenance requirement as a share of equity. At 100% the venue may "
                  "close the account."),
    "usage": ("Used", "Maintenance requirement as a share of the equity that the model counts. The tick is 100%, where "
              "the venue may close the account; none where nothing of the account counts."),
    "unknown": ("Not assessed", "Accounts with a line that could not be read or valued, or that the model does not "
                "take. They may reduce risk, not add any."),
}
