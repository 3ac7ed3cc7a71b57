"""Compiling and calling generated C on this computer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops import cases
from tinyssl.codegen.aot import render_aot
from tinyssl.compiler import compile
from tinyssl.core import host_compiler
from tinyssl.core.errors import BuildError, ToolMissing
from tinyssl.core.host_compiler import compile_sources, find_compiler
from tinyssl.core.sources import write_sources
from tinyssl.frontends.tflite import read_model
from tinyssl.runtimes import host as native
from tinyssl.runtimes.host import HostModel


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYSSL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def rendered(name="reshape"):
    program = compile(read_model(cases.CASES[name](), name))
    return program, render_aot(program)


def test_profile_ends_with_the_output_and_has_every_shape() -> None:
    program, sources = rendered()
    x = np.random.default_rng(0).integers(-128, 128, program.graph.input.shape).astype(np.int8)
    with HostModel(program, sources) as host:
        output = host.invoke(x)
        profile = host.run_profiled(host.feed(x))
    assert [step.shape for step in profile] == [(1, 2, 3, 2), (1, 12), (1, 12)]
    np.testing.assert_array_equal(profile[-1], output)
    np.testing.assert_array_equal(profile[0].ravel(), profile[1].ravel())


@pytest.mark.parametrize("size", [0, 1, 17, 4096])
def test_arenas_are_aligned_as_the_header_asks(size):
    arenas = [native._aligned_buffer(size) for _ in range(8)]
    assert [arena.size for arena in arenas] == [size] * 8
    assert {arena.ctypes.data % 16 for arena in arenas} == {0}


def test_results_stay_when_the_arena_is_used_again() -> None:
    program, sources = rendered()
    with HostModel(program, sources) as host:
        first = host.invoke(np.full(program.graph.input.shape, 5, np.int8))
        kept = first.copy()
        host.invoke(
            np.random.default_rng(1).integers(-128, 128, program.graph.input.shape).astype(np.int8)
        )
    np.testing.assert_array_equal(first, kept)


def test_two_instances_do_not_share_state() -> None:
    program, sources = rendered()
    a = np.full(program.graph.input.shape, -3, np.int8)
    b = np.arange(program.graph.input.elements, dtype=np.int8).reshape(program.graph.input.shape)
    with HostModel(program, sources) as one, HostModel(program, sources) as two:
        first = one.invoke(a)
        two.invoke(b)
        np.testing.assert_array_equal(one.invoke(a), first)


def test_a_model_is_compiled_once(cache, monkeypatch):
    program, sources = rendered()
    HostModel(program, sources).close()
    made = list((cache / "native").iterdir())
    assert len(made) == 1, "the work folder was left behind"
    monkeypatch.setattr(host_compiler, "compiled", None)  # calling it would fail
    HostModel(program, sources).close()


@pytest.mark.parametrize("changed", ["sources", "flags"])
def test_other_sources_or_flags_are_compiled_anew(cache, changed):
    program, sources = rendered()
    HostModel(program, sources).close()
    if changed == "sources":
        HostModel(program, sources | {"model.c": sources["model.c"] + "\n"}).close()
    else:
        HostModel(program, sources, flags=("-std=c11", "-O1")).close()
    assert len(list((cache / "native").iterdir())) == 2


@pytest.mark.parametrize(
    "x", [np.zeros((1, 4, 6, 2), np.uint8), np.zeros((1, 4, 6, 3), np.int8)], ids=["type", "size"]
)
def test_wrong_inputs_are_refused_with_numbers(x):
    program, sources = rendered()
    with (
        HostModel(program, sources) as host,
        pytest.raises(ValueError, match=rf"input tensor0 is {x.dtype} .* int8 \[1, 4, 6, 2\]"),
    ):
        host.invoke(x)


def test_inputs_that_are_not_contiguous_are_copied_in_order() -> None:
    program, sources = rendered()
    x = np.random.default_rng(0).integers(-128, 128, (1, 2, 6, 4)).astype(np.int8)
    view = x.transpose(0, 3, 2, 1)
    with HostModel(program, sources) as host:
        np.testing.assert_array_equal(host.invoke(view), host.invoke(view.copy()))


def test_compiler_errors_are_shown(tmp_path):
    with pytest.raises(BuildError, match=r"nonsense.* undeclared"):
        compile_sources({"a.c": "int main(void) { return nonsense; }\n"}, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_missing_compiler_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(ToolMissing) as caught:
        find_compiler()
    assert "apt-get install gcc" in caught.value.hint


def compiler_script(path, options):
    path.write_text(f'#!/bin/sh\nexec /usr/bin/gcc {options} "$@"\n')
    path.chmod(0o755)
    return str(path)


def test_compiler_without_headers_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("CC", compiler_script(tmp_path / "bare-cc", "-nostdinc"))
    with pytest.raises(ToolMissing, match=r"stdint\.h") as caught:
        compile_sources({"a.c": "#include <stdint.h>\n"}, tmp_path / "a")
    assert "libc6-dev" in caught.value.hint


def test_cc_is_taken_first(monkeypatch, tmp_path):
    mine = compiler_script(tmp_path / "my-cc", "")
    monkeypatch.setenv("CC", mine)
    assert find_compiler() == mine


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.c", "a/../../x.c"])
def test_sources_cannot_leave_their_folder(path, tmp_path):
    with pytest.raises(ValueError, match="leaves its folder"):
        write_sources({path: ""}, tmp_path / "work")


def kept(cache):
    (path,) = (cache / "native").iterdir()
    return path


def damage_short(path):
    path.write_bytes(path.read_bytes()[:1000])


def damage_foreign(path):
    path.write_bytes(b"\x7fELF" + bytes(4000))


def damage_empty(path):
    path.write_bytes(b"")


def damage_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("damage", [damage_short, damage_foreign, damage_empty, damage_bit])
def test_a_damaged_library_is_made_again(cache, damage):
    program, sources = rendered()
    HostModel(program, sources).close()
    sound = kept(cache).read_bytes()
    damage(kept(cache))
    x = np.ones(program.graph.input.shape, np.int8)
    with HostModel(program, sources) as host:
        host.invoke(x)
    assert kept(cache).read_bytes() == sound


def test_a_link_in_the_cache_is_replaced_not_followed(cache, tmp_path):
    program, sources = rendered()
    HostModel(program, sources).close()
    library, victim = kept(cache), tmp_path / "victim"
    victim.write_text("precious")
    library.unlink()
    library.symlink_to(victim)
    HostModel(program, sources).close()
    assert (victim.read_text(), library.is_symlink()) == ("precious", False)


@pytest.mark.parametrize("place", ["file", "missing device"])
def test_a_cache_that_cannot_be_written_costs_time_alone(place, tmp_path, monkeypatch):
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    cache = blocked if place == "file" else "/proc/nowhere"
    monkeypatch.setenv("TINYSSL_CACHE", str(cache))
    program, sources = rendered()
    with HostModel(program, sources) as host:
        host.invoke(np.ones(program.graph.input.shape, np.int8))


@pytest.mark.parametrize("name", ["$ORIGIN", "$LIB", "-x", "a;b'\"", "a b\n"])
def test_the_cache_may_have_any_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYSSL_CACHE", name)
    program, sources = rendered()
    with HostModel(program, sources) as host:
        host.invoke(np.ones(program.graph.input.shape, np.int8))
    assert kept(tmp_path / name).stat().st_size > 1000


def test_what_cannot_be_loaded_is_told_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    program, sources = rendered()
    monkeypatch.setattr(native, "library_bytes", lambda *_: b"no library")
    with pytest.raises(BuildError, match="cannot be loaded") as caught:
        HostModel(program, sources)
    assert "noexec" in caught.value.hint
