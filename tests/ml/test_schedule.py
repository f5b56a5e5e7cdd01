import numpy as np
import pytest

from ml import strategies
from ml.schedule import Schedule

RULE = Schedule("typical", "margin", enough=5)


@pytest.mark.parametrize(
    ("given", "stage"),
    [
        (None, "typical"), ([0, 0], "typical"), ([9, 0], "typical"),
        ([5, 5], "margin"), ([10, 0], "margin"), (np.array([4, 6, 5]), "margin"),
    ],
)  # fmt: skip
def test_it_goes_over_when_there_are_enough_answers_per_label(given, stage):
    assert RULE.stage(given) == stage


@pytest.mark.parametrize("given", [[-1, 20], [np.nan], [[5, 5]]])
def test_what_is_no_list_of_counts_is_refused(given):
    with pytest.raises(ValueError, match="given"):
        RULE.stage(given)


@pytest.mark.parametrize("name", strategies.SCHEDULES)
def test_schedules_name_strategies_that_exist(name):
    rule = strategies.SCHEDULES[name]
    assert {rule.first, rule.then} <= {*strategies.STRATEGIES, *strategies.POOL_STRATEGIES}


@pytest.mark.parametrize(("each", "stage"), [(9, "first"), (10, "then")])
def test_a_schedule_chooses_as_its_stage_would(each, stage):
    rng = np.random.default_rng(0)
    pool = {
        "proba": rng.dirichlet(np.ones(3), size=80), "tie_keys": rng.permutation(80),
        "embeddings": rng.standard_normal((80, 8)), "given": [each] * 3, "k": 10, "seed": 2,
    }  # fmt: skip
    rule = strategies.SCHEDULES["typical_first"]
    chosen, score = strategies.choose("typical_first", **pool)
    alone, as_scored = strategies.choose(getattr(rule, stage), **pool)
    np.testing.assert_array_equal(chosen, alone)
    np.testing.assert_array_equal(score, as_scored)


# The candidates of a large pool ---------------------------------------------------------------


def blocks(n=400, labels=4, seed=1):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(labels), size=n).astype(np.float32), rng.permutation(n)


@pytest.mark.parametrize("name", ["margin", "least_confidence", "entropy", "rare_labels"])
def test_a_strategy_that_scores_alone_loses_nothing_through_candidates(name):
    proba, keys = blocks()
    more = {"seed": 3, "given": [8, 0, 2, 5]}
    score = strategies.preview(name, proba, **more)
    kept = np.sort(np.argsort(-score)[:50])
    whole, _ = strategies.choose(name, proba=proba, embeddings=None, tie_keys=keys, k=20, **more)
    part, _ = strategies.choose(
        name, proba=proba[kept], embeddings=None, tie_keys=keys[kept], k=20, **more
    )
    np.testing.assert_array_equal(kept[part], whole)


def test_what_stands_for_a_pool_is_a_draw_or_the_most_doubtful():
    proba, _ = blocks()
    margin = strategies.preview("margin", proba, seed=0)
    for name, rule in strategies.POOL_STRATEGIES.items():
        if rule.candidates == "margin":
            np.testing.assert_array_equal(strategies.preview(name, proba, seed=0), margin)
        if rule.candidates == "draw":
            drawn = strategies.preview(name, proba, seed=0)
            assert abs(np.corrcoef(drawn, margin)[0, 1]) < 0.2
            np.testing.assert_array_equal(drawn, strategies.preview(name, proba, seed=0))
            assert not np.array_equal(drawn, strategies.preview(name, proba, seed=1))
