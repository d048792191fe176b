"""What does a term of the pages about the tail mean? Title and at most 45 words, as in ``explainers``."""

from __future__ import annotations

TAIL_TERMS: dict[str, tuple[str, str]] = {
    "shape": ("Tail shape", "How slowly losses become rarer beyond the threshold. Above zero they follow a power law: "
              "at 0.33 there is no third moment, at 1 no mean, and expected shortfall says nothing."),
    "distance": ("Distance", "How far a joint move lies from no move, in deviations of all factors moving as they do "
                 "together. Two is a bad day, six is rare; chances follow a law with fat tails."),
    "plausible": ("Worst plausible", "The costliest joint move within so many deviations, found by full revaluation "
                  "from many starts. A search: the true worst may be a little worse."),
    "reliance": ("Reliance on netting", "Share of the accounts’ own shortfalls, added, that disappears when they are "
                 "held together. What is saved hangs on correlations."),
    "zed": ("Z2", "Acerbi and Székely’s test of expected shortfall: 0 if right, negative where losses beyond value at "
            "risk are more or deeper than forecast. Rejected below the critical value."),
    "score": ("Score", "Joint score of value at risk and shortfall (FZ loss): only the true tail makes it least. Lower "
              "is better; a model that is merely high does not win."),
    "power": ("Power", "Chance that the test, at 5%, would have noticed the stated fault. A large p-value of a test "
              "without power says nothing."),
    "models": ("By model", "The least and the largest expected shortfall that any model gives. The spread is model "
               "error, which no standard error shows."),
    "beyond": ("Beyond the data", "Value at risk at a confidence that few scenarios reach, read off a law fitted "
               "to the losses above a threshold. As good as that law."),
    "broken": ("Half broken", "Expected shortfall of the same draws with every correlation moved half of the way to "
               "the worse of two crises in which everything moves as one."),
    "ruin": ("Nearest", "Distance of the mildest joint move that takes an account to its scan or to zero equity, in "
             "deviations of all factors moving as they do together."),
    "odds": ("Chance", "How often the factors go so far in that one direction, by a law with fat tails. It says "
             "nothing of other directions, which add to it."),
    "mildest": ("Mildest move", "Of all joint moves that cost so much, the one nearest to no move. A milder one may "
                "exist: it was searched for, not proven."),
    "reach": ("Loss to reach", "What the account can lose until nothing is left, or until its equity no longer covers "
              "its scan of today."),
    "searched": ("Out of reach", "Accounts that no move found within the search takes so far. Of the directions "
                 "searched, none; that is no proof."),
    "judged": ("Days judged", "Days whose P&amp;L, today’s positions under that day’s move, was held against the "
               "forecast of the day before."),
    "exceptions": ("Exceptions", "Days that lost more than value at risk. Too many: it is too low. Too few: too "
                   "high. In runs: it follows too slowly."),
    "worstday": ("Worst day", "The largest loss of today’s positions under the move of any day judged."),
}
