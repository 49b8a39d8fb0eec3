"""The `${{ }}` language: a table of what it yields, and laws about what it never does."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.coordination.ports import Expressions as Port
from fusion_kit.core.scope import Scope
from fusion_kit.definitions.expressions.evaluate import Expressions
from fusion_kit.definitions.expressions.functions import ExpressionFailed

LANGUAGE: Port = Expressions()
SCOPE = Scope(
    inputs={"goal": "Add dark mode", "n": 3, "yes": True, "none": None, "half": 0.5, "list": [1, "two", None]},
    env={"HOME": "/h"},
    tasks={
        "plan": {"outcome": "success", "outputs": {"pieces": [{"key": "a"}, {"key": "b"}]}, "text": "ok"},
        "many": {"items": [{"key": "a", "outputs": {"y": 1}}, {"key": "b", "outputs": {}}]},
        "with-dash": {"outputs": {"some-name": "x"}},
    },
    matrix={"piece": {"key": "a", "title": "T"}},
    repeat={"index": 2, "max": 3},
    run={"id": "r", "status": "completed"},
    outputs={"approved": True},
    secrets={"TOKEN": "t0k3n"},
)

TABLE = [
    ("${{ inputs.goal }}", "Add dark mode"),
    ("Goal: ${{ inputs.goal }}!", "Goal: Add dark mode!"),
    ("${{ inputs.n }}", 3),
    ("n=${{ inputs.n }}", "n=3"),
    ("  ${{ inputs.n }}\n", 3),
    ("${{ inputs.yes }}", True),
    ("is ${{ inputs.yes }}", "is true"),
    ("${{ inputs.none }}", None),
    ("is ${{ inputs.none }}.", "is ."),
    ("${{ inputs.half }} ${{ 1.0 }}", "0.5 1"),
    ("${{ inputs.list }}", [1, "two", None]),
    ("all: ${{ inputs.list }}", 'all: [1, "two", null]'),
    ("${{ matrix.piece }}", {"key": "a", "title": "T"}),
    ("${{ tasks.plan.outputs.pieces[1].key }}", "b"),
    ("${{ tasks['plan'].outputs['pieces'][0]['key'] }}", "a"),
    ("${{ tasks.many.items[0].outputs.y }}", 1),
    ("${{ tasks.many.items[9].outputs.y }}", None),
    ("${{ tasks.with-dash.outputs.some-name }}", "x"),
    ("${{ inputs.list[repeat.index] }}", None),
    ("${{ inputs.list[inputs.n] }}", None),
    ("${{ inputs.list[-1] }}", None),
    ("${{ inputs.goal.length }}", None),
    ("${{ 'it''s' }}", "it's"),
    ("${{ '}}' }}${{ '${{' }}", "}}${{"),
    ("${{ -1.5e1 }}", -15.0),
    ("${{ 0x10 }}", 16),
    ("${{ null }}", None),
    ("${{ !true }}", False),
    ("${{ !!inputs.goal }}", True),
    ("${{ true && 'a' || 'b' }}", "a"),
    ("${{ false && 'a' || 'b' }}", "b"),
    ("${{ 0 || '' || null }}", None),
    ("${{ inputs.none && inputs.none.deep }}", None),
    ("${{ true || false && false }}", True),
    ("${{ (true || false) && false }}", False),
    ("${{ 1 < 2 == true }}", True),
    ("${{ 'ABC' == 'abc' }}", True),
    ("${{ 'a' != 'b' }}", True),
    ("${{ '3' == 3 }}", True),
    ("${{ '' == 0 }}", True),
    ("${{ null == 0 }}", True),
    ("${{ true == 1 }}", True),
    ("${{ 'x' == 1 }}", False),
    ("${{ 'x' != 'x' }}", False),
    ("${{ inputs.list == inputs.list }}", True),
    ("${{ inputs.list == '1' }}", False),
    ("${{ 2 > 10 }}", False),
    ("${{ '2' > 10 }}", False),
    ("${{ 'b' > 'A' }}", True),
    ("${{ 2 >= 2 && 2 <= 2 }}", True),
    ("${{ 'x' < 1 || 'x' >= 1 }}", False),
    ("${{ contains('Hello', 'ELL') }}", True),
    ("${{ contains(inputs.list, 'TWO') }}", True),
    ("${{ contains(inputs.list, 2) }}", False),
    ("${{ startsWith('Hello', 'he') }}", True),
    ("${{ endsWith('Hello', 'LO') }}", True),
    ("${{ format('{0}-{1}-{0} {{}}', 'a', 2) }}", "a-2-a {}"),
    ("${{ join(inputs.list) }}", "1,two,"),
    ("${{ join(inputs.list, ' / ') }}", "1 / two / "),
    ("${{ join('one') }}", "one"),
    ("${{ toJSON(inputs.list) }}", '[\n  1,\n  "two",\n  null\n]'),
    ("${{ fromJSON('{\"a\": [1]}').a[0] }}", 1),
    ("${{ fromJSON(toJSON(matrix)).piece.title }}", "T"),
    ("${{ success() }}", True),
    ("${{ failure() || cancelled() }}", False),
    ("${{ always() }}", True),
    ("${{ secrets.TOKEN }}", "t0k3n"),
    ("${{ outputs.approved }}", True),
    ("plain", "plain"),
    ("$(rm -rf /) `x` $X", "$(rm -rf /) `x` $X"),
    (7, 7),
    (None, None),
    (["${{ inputs.n }}", {"k": "${{ run.id }}"}], [3, {"k": "r"}]),
]


@pytest.mark.parametrize(("template", "value"), TABLE, ids=[str(template) for template, _ in TABLE])
def test_a_template_yields(template: object, value: object) -> None:
    found = LANGUAGE.value(template, SCOPE)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("${{ inputs.goal ", 'this "${{" has no "}}"'),
        ("${{ }}", 'a value is missing before "}}"'),
        ("${{ nowhere.x }}", "there is no context 'nowhere'"),
        ("${{ eval('1') }}", "there is no function 'eval' of 1 arguments"),
        ("${{ contains('a') }}", "there is no function 'contains' of 1 arguments"),
        ("${{ fromJSON('{') }}", "fromJSON() was not given JSON"),
        ("${{ format('{1}', 'a') }}", "format() has no value for '{1}'"),
        ("${{ hashFiles('x') }}", "hashFiles() has no folder to look into here"),
        ("${{ " + "(" * 100 + "1" + ")" * 100 + " }}", "nested deeper than 50"),
        ("${{ " + "!" * 100 + "1 }}", "nested deeper than 50"),
        ("${{ '" + "x" * 30_000 + "' }}", "longer than"),
    ],
)
def test_what_cannot_be_evaluated_says_why(template: str, complaint: str) -> None:
    with pytest.raises(ExpressionFailed) as failed:
        LANGUAGE.value(template, SCOPE)

    assert complaint in str(failed.value)


@pytest.mark.parametrize(
    ("condition", "failed", "cancelled", "holds"),
    [
        ("true", False, False, True),
        ("true", True, False, False),
        ("true", False, True, False),
        ("${{ true }}", True, False, False),
        ("always()", True, True, True),
        ("failure()", True, False, True),
        ("failure()", False, False, False),
        ("failure() && inputs.n == 3", True, False, True),
        ("cancelled()", False, True, True),
        ("success()", False, False, True),
        ("!success()", True, False, True),
        ("success() || failure()", True, False, True),
        ("inputs.goal", False, False, True),
        ("inputs.none", False, False, False),
        ("'false'", False, False, True),
    ],
)
def test_a_condition_without_a_status_function_means_success_and_it(
    condition: str, failed: bool, cancelled: bool, holds: bool
) -> None:
    scope = Scope(inputs=SCOPE.inputs, failed=failed, cancelled=cancelled)

    assert LANGUAGE.holds(condition, scope) is holds


_HOSTILE = st.lists(
    st.sampled_from(
        ["$(touch x)", "`id`", '"', "'", "''", "\n", "${{", "}}", "${{ secrets.TOKEN }}", "\\", "$X", "{0}"]
    )
    | st.text(max_size=5)
).map("".join)


@given(_HOSTILE)
def test_text_from_outside_is_never_read_as_an_expression(text: str) -> None:
    scope = Scope(inputs={"x": text}, tasks={"a": {"text": text}}, secrets={"TOKEN": "s3cr3t-t0k3n"})

    assert LANGUAGE.value("${{ inputs.x }}", scope) == text
    assert LANGUAGE.value("<${{ inputs.x }}|${{ tasks.a.text }}>", scope) == f"<{text}|{text}>"
    assert LANGUAGE.value("${{ format('{0}{1}', inputs.x, '!') }}", scope) == f"{text}!"
    assert LANGUAGE.value("${{ fromJSON(toJSON(inputs.x)) }}", scope) == text
    assert LANGUAGE.value({"k": ["a ${{ inputs.x }}"]}, scope) == {"k": [f"a {text}"]}


@given(_HOSTILE)
def test_a_quoted_text_yields_itself(text: str) -> None:
    quoted = text.replace("'", "''")

    assert LANGUAGE.value(f"${{{{ '{quoted}' }}}}", SCOPE) == text


@given(st.text())
def test_no_text_makes_the_language_fail_in_another_way(text: str) -> None:
    for template in (text, f"${{{{ {text} }}}}"):
        with suppress(ExpressionFailed):
            LANGUAGE.value(template, SCOPE)


def test_files_are_hashed_by_content_and_links_that_lead_out_are_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub" / "b.txt").write_text("b")
    (tmp_path / "outside.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    scope = Scope(root=root)
    digests = [hashlib.sha256(content).digest() for content in (b"a", b"b")]

    assert LANGUAGE.value("${{ hashFiles('**/*.txt') }}", scope) == hashlib.sha256(b"".join(digests)).hexdigest()
    assert LANGUAGE.value("${{ hashFiles('a.txt', '*.none') }}", scope) == hashlib.sha256(digests[0]).hexdigest()
    assert LANGUAGE.value("${{ hashFiles('*.none') }}", scope) == ""
    for glob in ("../*", "/etc/*", ""):
        with pytest.raises(ExpressionFailed):
            LANGUAGE.value(f"${{{{ hashFiles('{glob}') }}}}", scope)
