"""Finding, reading and checking the config: what is wrong, where, and what would be right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sorad.config.errors import ConfigError
from sorad.config.lines import key_lines, line_of
from sorad.config.load import find_config, load, peek_language, without_file
from sorad.config.model import Config, default_state_dir
from sorad.messages import set_language

WATCH = '[[watch]]\npath = "vault"\n'
OUT = "[[watch]]\npath = '{}'\noutput_mode = 'centralized'\noutput_dir = '{}'\n"

TRICKY = '''\
# c
language = 'zh' # x = 1
provider.kind = "a=b" # [no]
"quo ted" = 1
list = [
  1, # ]
  ']',
]
m = """
[not]
x = 3
"""
[[watch]]
path = "a" # it's

# ]
[[ watch ]]
takes = {a = 1}
[watch.sub]
x=1
[ limits ]
  concurrency=3'''


@pytest.fixture(autouse=True)
def _english():
    set_language("en")


@pytest.fixture
def write(tmp_path):
    def _write(text, name="config.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    return _write


def problems(path, **options):
    with pytest.raises(ConfigError) as caught:
        load(path, **options)
    assert caught.value.exit_code == 78
    for problem in caught.value.problems:
        assert "{" not in str(problem).replace("${", ""), problem
        assert problem.text() in str(caught.value)
    return caught.value.problems


def only(path):
    (problem,) = problems(path)
    return problem


def test_config_paths_are_absolute_and_expanded(write, tmp_path, tmp_path_factory, monkeypatch):
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("VIDEOS", str(tmp_path / "videos"))
    config = load(
        write(
            'state_dir = "~/state"\n[[watch]]\npath = "a/../vault"\noutput_mode = "centralized"\n'
            'output_dir = "$VIDEOS/out"\n[[watch]]\npath = "."\n[provider]\napi_key_file = "key"\n'
        )
    )
    assert config.state_dir == home / "state"
    assert [watch.path for watch in config.watch] == [tmp_path / "vault", tmp_path]
    assert config.watch[0].output_dir == tmp_path / "videos" / "out"
    assert config.provider.api_key_file == tmp_path / "key"


def test_config_with_bom_and_crlf_is_read(write):
    assert load(write(b"\xef\xbb\xbf" + WATCH.replace("\n", "\r\n").encode())).watch[0].takes == 1


@pytest.mark.parametrize(
    ("text", "line", "key", "code", "allowed"),
    [
        ("[[watch]]\npath='v'\ntakes = 0", 3, "watch[0].takes = 0", "greater_than_equal", "at least 1"),
        (
            WATCH + "[[watch]]\npath='w'\ntakes = 101",
            5,
            "watch[1].takes = 101",
            "less_than_equal",
            "at most 100",
        ),
        (WATCH + "takes = '3'", 3, 'watch[0].takes = "3"', "int_type", "whole number"),
        (WATCH + "takes = true", 3, "watch[0].takes = true", "int_type", "whole number"),
        (WATCH + "takes = 2.0", 3, "watch[0].takes = 2.0", "int_type", "whole number"),
        (WATCH + "polling = 'yes'", 3, 'watch[0].polling = "yes"', "literal_error", '"always", "never"'),
        (WATCH + "rescan_seconds = 0", 3, "rescan_seconds = 0", "greater_than", "above 0"),
        (WATCH + "settle_seconds = nan", 3, "watch[0].settle_seconds", "finite_number", "ordinary number"),
        (
            WATCH + "settle_seconds = '2'",
            3,
            "watch[0].settle_seconds",
            "float_type",
            "number, without quotes",
        ),
        (
            WATCH + "[prompt]\ndirector_intent = 'no'",
            4,
            "prompt.director_intent",
            "bool_type",
            "true or false",
        ),
        (WATCH + "[provider]\nmodel = 3", 4, "provider.model = 3", "string_type", "in quotes"),
        (WATCH + "[provider]\nid_paths = 'a.b'", 4, "provider.id_paths", "tuple_type", "list in brackets"),
        (WATCH + "[disk]\n\nmin_free = 'lots'", 5, 'disk.min_free = "lots"', "value_error", '"2 GB"'),
        (
            WATCH + "[limits]\njitter_seconds = [1]",
            4,
            "limits.jitter_seconds = [1]",
            "wrong_count",
            "two numbers",
        ),
        (
            WATCH + "[limits]\njitter_seconds = [\n1,\n2,\n3]",
            4,
            "limits.jitter_seconds",
            "wrong_count",
            "two numbers",
        ),
        ("[watch]\npath = 'v'", 1, "watch is one table", "not_an_array", "[[watch]]"),
        (WATCH + "[[limits]]\nconcurrency = 1", 3, "limits is no table", "not_a_table", "[limits]"),
        ("[[watch]]\ntakes = 1", 1, "watch[0].path is missing", "missing", "path ="),
        ("[[watch]]\npath = ''", 2, "watch[0].path is empty", "empty_path", "path of a folder"),
        ("[[watch]]\npath = '$NOT_SET_AT_ALL/v'", 2, "$NOT_SET_AT_ALL", "unset_variable", "Set it"),
        ("[[watch]]\npath = '~nobody-of-this-name/v'", 2, "watch[0].path", "bad_path", "out"),
        ('[[watch]]\npath = "a\\u0000b"', 2, "watch[0].path", "bad_path", ""),
    ],
)
def test_config_bad_values_name_line_key_and_what_is_allowed(write, text, line, key, code, allowed):
    path = write(text)
    problem = only(path)
    assert problem.code == f"config.{code}"
    assert problem.text().startswith(f"{path}:{line}: ")
    assert key in problem.text()
    assert allowed in problem.fix_text()


@pytest.mark.parametrize(
    ("text", "key", "fix"),
    [
        (WATCH + "take = 2", "watch[0].take", "Did you mean takes?"),
        (
            WATCH + "[provider]\nsafe_concurrency = 2",
            "provider.safe_concurrency",
            "It belongs below [limits].",
        ),
        (WATCH + "[limit]\nconcurrency = 2", "limit", "Did you mean limits?"),
        (WATCH + "language = 'zh'", "watch[0].language", "top of the file"),
        ("takes = 2\n" + WATCH, "takes", "[[watch]]"),
        (WATCH + "[disk]\nper_day = 2", "disk.per_day", "[budget]"),
        (WATCH + "[log]\nxyzzy = 2", "log.xyzzy", "Known here are: level"),
        (WATCH + "[log]\n'x y' = 2", 'log."x y"', "Known here are: level"),
        (WATCH + "[provider]\napi_key = 'sk-abcdefgh12345'", "provider.api_key", "api_key_env"),
    ],
)
def test_config_unknown_keys_come_with_the_one_that_was_meant(write, text, key, fix):
    problem = only(write(text))
    assert problem.code == "config.unknown_key"
    assert f"no key {key}." in problem.text()
    assert fix in problem.fix_text()
    assert "abcdefgh12345" not in str(problem)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("language = 'en'", "nothing_watched", "[[watch]]"),
        (WATCH + "output_mode = 'centralized'", "output_dir_missing", "output_dir"),
        (WATCH + "output_mode='centralized'\noutput_dir='.obsidian/out'", "output_dir_hidden", ".obsidian"),
        (WATCH + "[limits]\nsafe_concurrency = 30", "safe_concurrency", "at most 20"),
        (WATCH + "[limits]\njitter_seconds = [3, 1]", "jitter", "[1, 3]"),
        (WATCH + "[[watch]]\npath = 'x/../vault/'", "same_path", "twice"),
        (OUT.format("vault", "out") + OUT.format("b", "out"), "output_dir_shared", "none of them inside"),
        (OUT.format("vault", "out") + OUT.format("vault/b", "out"), "output_dir_shared", "out"),
        (OUT.format("vault", "out/x/y") + OUT.format("b", "out/x"), "output_dir_shared", "b would share"),
        ("state_dir = 'vault/.sorad'\n" + WATCH, "state_dir_watched", "vault"),
        (WATCH + "[provider]\nbase_url = 'api.sora.hk'", "bad_value", "base_url"),
        (WATCH + "[provider]\nbase_url = 'https://a.b/v1?key=1'", "bad_value", "base_url"),
        (WATCH + "[provider]\nproxy = 'ftp://a'", "bad_value", "proxy"),
        (WATCH + "[provider]\napi_key_env = 'sk-abcdefgh12345'", "api_key_env", "SORA_API_KEY"),
        ("[[watch]]\npath = 'config.toml'", "no_folder", "config.toml"),
    ],
)
def test_config_what_does_not_fit_together_is_told(write, text, code, said):
    problem = only(write(text))
    assert problem.code == f"config.{code}"
    assert said in str(problem)
    assert "abcdefgh12345" not in str(problem)


def test_config_folders_beside_each_other_are_no_shared_ones(write):
    other = OUT.format("c", "out").replace("centralized", "in_place")
    assert len(load(write(OUT.format("vault", "out/a") + OUT.format("b", "out/b") + other)).watch) == 3


def test_config_openai_videos_needs_three_things(write):
    found = problems(write(WATCH + "[provider]\nkind = 'openai_videos'"))
    assert [problem.params["name"] for problem in found] == ["base_url", "model", "seconds"]
    load(
        write(
            WATCH + "[provider]\nkind='openai_videos'\nbase_url='http://127.0.0.1:9/v1'\nmodel='m'\n"
            "seconds=[4]\nproxy='socks5h://me:pw@127.0.0.1:1080'\ndownload_proxy='none'"
        )
    )


def test_config_all_problems_come_at_once_in_the_order_of_the_file(write):
    found = problems(
        write(
            "languag = 'zh'\n[[watch]]\ntakes = 1\n[[watch]]\npath = 'v'\ntakes = 0\n"
            "[provider]\nkind = 'openai_videos'\nbase_url = 'https://x'\nmodel = 'm'\nseconds = ['a']\n"
            "[limits]\nsafe_concurrency = 30\n[nonsense]\nx = 1\n"
        )
    )
    assert [(problem.code, problem.text().split(":")[1]) for problem in found] == [
        ("config.unknown_key", "1"),
        ("config.missing", "2"),
        ("config.greater_than_equal", "6"),
        ("config.int_type", "11"),
        ("config.safe_concurrency", "13"),
        ("config.unknown_key", "14"),
    ]


def test_config_a_safe_limit_nobody_wrote_follows_the_limit(write):
    assert load(write(WATCH + "[limits]\nconcurrency = 3")).limits.safe_concurrency == 3
    assert load(write(WATCH)).limits.safe_concurrency == 5


def test_config_the_default_state_dir_is_fine_below_a_watched_home(write, monkeypatch):
    home = default_state_dir().parent
    assert load(write(f"[[watch]]\npath = '{home}'")).state_dir == default_state_dir()


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (b"[[watch]]\npath = 'v\xff'", "encoding", ":2: "),
        ("[[watch]]\npath = v", "syntax", ":2:8: "),
        ('[[watch]]\npath = "C:\\Vault"', "syntax", "backslash"),
        ('[[watch]]\npath = "C:\\Users\\me"', "syntax", "backslash"),
        ("a = 1\na = 2", "syntax", "already"),
        ("[log]\n[log]", "syntax", "already"),
        ("a = [1", "syntax", ":1"),
        ("a = " + "[" * 100_000, "syntax", ":1"),
    ],
)
def test_config_that_is_no_toml_names_line_and_mend(write, text, code, said):
    problem = only(write(text))
    assert problem.code == f"config.{code}"
    assert said in str(problem)


def test_config_that_cannot_be_read_is_told(tmp_path):
    assert only(tmp_path).code == "config.unreadable"
    assert only(tmp_path / "none.toml").code == "config.unreadable"


def test_config_may_lack_folders_where_one_is_given(write):
    assert load(write("language = 'en'"), need_watch=False).watch == ()


def test_config_is_found_in_order(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(
        "sorad.config.load.default_config_path", lambda: tmp_path / "platform" / "config.toml"
    )
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert find_config(None, {}) is None
    places = [tmp_path / "home" / ".config" / "sorad" / "config.toml", tmp_path / "platform" / "config.toml"]
    for place in places:
        place.parent.mkdir(parents=True)
        place.write_text("")
        assert find_config(None, {}) == place
    other, mine = tmp_path / "other.toml", tmp_path / "mine.toml"
    other.write_text("")
    mine.write_text("")
    assert find_config(None, {"SORAD_CONFIG": str(other)}) == other
    assert find_config(str(mine), {"SORAD_CONFIG": str(other)}) == mine


def test_config_named_but_not_there_is_an_error(tmp_path):
    for explicit, env, source in (
        (str(tmp_path / "x"), {}, "--config"),
        (None, {"SORAD_CONFIG": str(tmp_path)}, "$SORAD_CONFIG"),
    ):
        with pytest.raises(ConfigError) as caught:
            find_config(explicit, env)
        assert source in str(caught.value)
        assert caught.value.exit_code == 78


def test_config_without_a_file_watches_the_one_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = without_file(Path("in"), "centralized", Path("out"))
    assert [(watch.path, watch.output_dir) for watch in config.watch] == [(tmp_path / "in", tmp_path / "out")]
    base = Config.model_validate({"watch": [{"path": "v"}], "limits": {"concurrency": 2}})
    mixed = without_file(tmp_path, base=base)
    assert (len(mixed.watch), mixed.limits.concurrency, mixed.limits.safe_concurrency) == (1, 2, 2)


@pytest.mark.parametrize(
    ("mode", "code"), [("centralized", "output_dir_missing"), ("beside", "literal_error")]
)
def test_config_without_a_file_is_checked_too(tmp_path, mode, code):
    with pytest.raises(ConfigError) as caught:
        without_file(tmp_path, mode)
    assert caught.value.problem.code == f"config.{code}"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("language = 'zh'\nx = 1", "zh"),
        ("language = 'fr'", "auto"),
        ("language = 3", "auto"),
        ("[", "auto"),
        ("", "auto"),
    ],
)
def test_config_language_is_known_even_of_a_bad_config(write, text, language):
    assert peek_language(write(text)) == language
    assert peek_language(None) == "auto"


def test_config_lines_of_keys_in_every_way_of_writing():
    lines = key_lines(TRICKY)
    assert lines == {
        ("language",): 2,
        ("provider", "kind"): 3,
        ("quo ted",): 4,
        ("list",): 5,
        ("m",): 9,
        ("watch",): 13,
        ("watch", 0): 13,
        ("watch", 0, "path"): 14,
        ("watch", 1): 17,
        ("watch", 1, "takes"): 18,
        ("watch", 1, "sub"): 19,
        ("watch", 1, "sub", "x"): 20,
        ("limits",): 21,
        ("limits", "concurrency"): 22,
    }
    assert line_of(lines, ("watch", 1, "path")) == 17
    assert line_of(lines, ("budget", "per_day")) == 0


SEVERAL = """
[[watch]]
path = "vault"
provider = "b"
[[provider]]
name = "a"
kind = "simulator"
[[provider]]
name = "b"
kind = "simulator"
base_url = "http://127.0.0.1:2/v1"
api_key_file = "key"
concurrency = 3
"""


def test_config_several_providers_of_which_the_first_is_the_default(write, tmp_path):
    config = load(write(SEVERAL))
    assert [one.title for one in config.providers] == ["a", "b"]
    assert (config.provider.name, config.watch[0].provider) == ("a", "b")
    assert config.providers[1].api_key_file == tmp_path / "key"
    one = config.buys_from(config.providers[1])
    assert ([one.provider.name], one.limits.concurrency, one.limits.safe_concurrency) == (["b"], 3, 3)
    assert config.limits.concurrency == 20


def test_config_one_provider_is_called_as_its_kind(write):
    config = load(write('[[watch]]\npath = "vault"\nprovider = "simulator"\n[provider]\nkind = "simulator"'))
    assert [one.title for one in config.providers] == ["simulator"]
    assert load(write(WATCH)).provider == Config().provider


@pytest.mark.parametrize(
    ("change", "code", "key", "line"),
    [
        (('name = "a"', 'name = "b"'), "config.same_name", "provider[1].name", 9),
        (('provider = "b"', 'provider = "c"'), "config.no_provider", "watch[0].provider", 4),
        (("concurrency = 3", "concurrency = 0"), "config.greater_than_equal", "provider[1].concurrency", 13),
        (("concurrency = 3", "concurency = 3"), "config.unknown_key", "provider[1].concurency", 13),
        (('name = "a"', 'name = "a\\nb"'), "config.bad_value", "provider[0].name", 6),
        (('kind = "simulator"', 'kind = "sora"'), "config.literal_error", "provider[0].kind", 7),
        (
            ('kind = "simulator"', 'kind = "openai_videos"'),
            "config.provider_incomplete",
            "provider[0].model",
            5,
        ),
    ],
)
def test_config_mistakes_in_several_providers_name_the_one(write, change, code, key, line):
    found = problems(write(SEVERAL.replace(*change, 1)))
    (one,) = [one for one in found if one.params["key"] == key]
    assert (one.code, str(one.params["place"]).rpartition(":")[2]) == (code, str(line))


def test_config_the_key_of_one_provider_is_not_taken_for_that_of_another(write):
    text = SEVERAL.replace('name = "b"\nkind = "simulator"', 'name = "b"\nkind = "sora_hk"')
    load(write(text))
    found = problems(write(text.replace('api_key_file = "key"\n', "")))
    assert [(one.code, one.params["name"]) for one in found] == [("config.key_of_another", "b")]


@pytest.mark.parametrize("text", ["provider = 3", "provider = []", "provider = [3]"])
def test_config_what_is_no_provider_is_told(write, text):
    assert {one.code for one in problems(write(f"{text}\n{WATCH}"))} == {"config.not_a_table"}


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX path")
def test_config_relative_to_its_own_folder_even_when_named_relatively(write, tmp_path, monkeypatch):
    write(WATCH)
    monkeypatch.chdir(tmp_path)
    assert load(Path("config.toml")).watch[0].path == tmp_path / "vault"


@pytest.mark.parametrize(
    "name", ["{segment}_{take}", "{segment}_{take}_{fingerprint8", "a/{segment}_{take}_{fingerprint8}"]
)
def test_names_that_would_not_do_are_refused_with_one_that_does(write, name):
    with pytest.raises(ConfigError) as caught:
        load(write(WATCH + f"name = '{name}'"))
    (problem,) = caught.value.problems
    assert (caught.value.exit_code, problem.code) == (78, "config.name")
    assert name in str(problem)
