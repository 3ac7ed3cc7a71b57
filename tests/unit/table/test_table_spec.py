"""The TOML file of a table: what it says, and what is refused."""

import itertools
from pathlib import Path

import pytest

from tests.unit.table.table_helpers import TABLE, write_table
from tinyssl.core.errors import UsageError
from tinyssl.stages.table import make_cells, read_table

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "tables"
METHODS = {
    "supervised", "ca_dssl", "seed", "simreg", "simclr", "random", "byol", "dino", "swav",
    "moco_v2",
}  # fmt: skip


def test_cells_are_rows_by_seeds_and_the_first_seed_comes_first(tmp_path: Path) -> None:
    cells = make_cells(read_table(write_table(tmp_path)))
    assert [cell.name for cell in cells] == [
        f"{row} seed {seed}" for seed in (3, 4) for row in ("supervised", "simclr", "hot")
    ]
    hot = cells[2]
    assert hot.pretrain.method_options == {"temperature": 1.0}
    assert hot.method_config["temperature"] == 1.0
    assert (hot.pretrain.batch_size, hot.data.image_size, hot.probe.epochs) == (256, 16, 2)
    assert [cell.pretrain.epochs for cell in cells[:3]] == [2, 2, 1]


def test_teacher_is_dropped_where_the_method_has_none(tmp_path: Path) -> None:
    spec = read_table(write_table(tmp_path))
    assert {cell.pretrain.teacher for cell in make_cells(spec)} == {None}
    distilled = TABLE.replace('method = "supervised"', 'method = "seed"')
    (cell, *_) = make_cells(read_table(write_table(tmp_path, distilled)))
    assert cell.pretrain.teacher == "efficientnet_lite0"
    other = read_table(tmp_path / "small.toml").overridden("pretrain", teacher="dino_vits16")
    assert make_cells(other)[0].pretrain.teacher == "dino_vits16"


def test_overrides_reach_rows_that_set_the_key_themselves(tmp_path: Path) -> None:
    text = TABLE.replace('method = "supervised"', 'method = "supervised"\nepochs = 9')
    spec = read_table(write_table(tmp_path, text))
    assert make_cells(spec)[0].pretrain.epochs == 9
    epochs = [cell.pretrain.epochs for cell in make_cells(spec.overridden("pretrain", epochs=4))]
    assert epochs[:3] == [4, 4, 2]


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    text = TABLE.replace('dataset = "digits"', 'dataset = "npz"\ndata_path = "some.npz"')
    spec = read_table(write_table(tmp_path, text))
    assert spec.layers["data"]["data_path"].value == tmp_path / "some.npz"


def test_rows_of_another_file_come_first(tmp_path: Path) -> None:
    write_table(tmp_path)
    longer = 'rows_from = "small.toml"\nseeds = [0]\n[[row]]\nname = "more"\nmethod = "random"\n'
    path = tmp_path / "longer.toml"
    path.write_text(longer)
    spec = read_table(path)
    assert [row.name for row in spec.rows] == ["supervised", "simclr", "hot", "more"]
    assert spec.published["source"] == "nobody"
    assert spec.seeds == (0,)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("batch_size", "batchsize", "no key 'batchsize'"),
        ("[probe]", "[prob]", r"unknown section \[prob\]"),
        ("seeds = [3, 4]", "seeds = [-1]", r"seeds = \[-1\]"),
        ("seeds = [3, 4]", 'seeds = "3"', "wrong type"),
        ('name = "hot"', 'name = "simclr"', "two rows 'simclr'"),
        ('ablation_of = "simclr"', 'ablation_of = "simcrl"', "no row 'simcrl'"),
        ("published = 44.7", 'publshed = "x"', r"row 2 \(simclr\).*publshed"),
        ("epochs_share = 0.5", "epochs_share = 2", "epochs_share = 2"),
        ('name = "hot"', "", "row 3 has no name"),
        ("[[row]]", "[[rows]]", r"has no \[\[row\]\]"),
        ("title", "title =", "small.toml"),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, message):
    with pytest.raises(UsageError, match=message):
        read_table(write_table(tmp_path, TABLE.replace(old, new)))


def test_bad_values_and_methods_are_refused_before_anything_runs(tmp_path: Path) -> None:
    wrong = read_table(write_table(tmp_path, TABLE.replace("epochs = 2", "epochs = 0")))
    with pytest.raises(UsageError, match="epochs 0"):
        make_cells(wrong)
    wrong = read_table(write_table(tmp_path, TABLE.replace('"supervised"\npub', '"simcrl"\npub')))
    with pytest.raises(UsageError, match="no method 'simcrl'"):
        make_cells(wrong)


def test_only_keeps_the_named_rows_and_refuses_others(tmp_path: Path) -> None:
    spec = read_table(write_table(tmp_path))
    assert [row.name for row in spec.only(["hot", "simclr"]).rows] == ["simclr", "hot"]
    with pytest.raises(UsageError, match="no row 'hat'") as caught:
        spec.only(["hat"])
    assert "did you mean hot?" in caught.value.hint


@pytest.mark.parametrize("name", ["cifar100_cpu", "cifar100_gpu"])
def test_example_tables_hold_all_methods_and_ablations(name):
    from tinyssl.learn.methods import method_config

    spec = read_table(EXAMPLES / f"{name}.toml")
    methods = {row.settings["method"].value for row in spec.rows}
    assert methods == METHODS
    for row in spec.rows:
        options = row.settings.get("method_options")
        method_config(row.settings["method"].value, options.value if options else {})
    published = {row.name: row.published for row in spec.rows if row.published}
    assert published == {"supervised": 66.7, "ca_dssl": 62.7, "seed": 61.7, "simclr": 44.7}
    assert sum(row.ablation_of == "ca_dssl" for row in spec.rows) >= 5


def test_the_steps_of_view_sampling_change_one_thing_each() -> None:
    from tinyssl.learn.methods import method_config

    spec = read_table(EXAMPLES / "view_sampling.toml")
    rows = [row for row in spec.rows if row.settings["method"].value == "moco_v2"]
    configs = [vars(method_config("moco_v2", row.settings["method_options"].value)) for row in rows]
    changes = [
        {name for name in one if one[name] != other[name]}
        for one, other in itertools.pairwise(configs)
    ]
    assert changes == [{"crop_min", "local_crop_max"}, {"local_size"}, {"alpha"}]
    assert [row.ablation_of for row in rows] == [None, *["moco_baseline"] * 3]


def test_ablations_of_multi_pretext_change_one_thing_each() -> None:
    from tinyssl.learn.methods import method_config

    spec = read_table(EXAMPLES / "multi_pretext.toml")
    configs = {
        row.name: vars(method_config("multi_pretext", row.settings["method_options"].value))
        for row in spec.rows
        if row.ablation_of == "a"
    }
    full = vars(method_config("multi_pretext", {}))
    changes = {
        name: {key for key, value in config.items() if value != full[key]}
        for name, config in configs.items()
    }
    assert changes == {
        "a_fixed": {"scheduler"},
        "a_no_reversal": {"disentangle"},
        "a_mask": {"roll"},
        "a_roll": {"mask"},
    }
    assert {"random", "a", "b"} <= {row.name for row in spec.rows}
