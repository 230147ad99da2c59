"""The codebook page, the pages of its codes, its history."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mapping.codebook import changes as codebook_changes
from mapping.codebook import versions
from mapping.models import Code, CodebookChange, Finding, FindingMark, Membership
from mapping.parsers.labels import normalised_label
from reviews.codebook import code_changes, template, undo
from reviews.codebook import page as codebook_page
from reviews.models import Mark
from tests.making import (
    make_assignment,
    make_code,
    make_paper,
    make_section,
    make_summary,
    make_user,
)


@pytest.fixture
def section(study):
    return study.sections.get(key="challenges")


@pytest.fixture
def coded(study, ben, cleo):
    paper = make_paper(study, "A telling title", key="one")
    make_summary(paper, ben, answers={"challenges": ["Talent", "Cost"]})
    make_summary(paper, cleo, answers={"challenges": ["Cost"]})
    make_summary(make_paper(study), ben, answers={"challenges": ["Talent"]})
    Mark.objects.filter(code__label="Talent").update(quote="nobody to hire")
    return paper


def page(study, name="codebook", *arguments):
    return reverse(name, args=[study.slug, *arguments])


def shown(client, url):
    return client.get(url).content.decode()


def test_the_page_shows_use_quotes_and_agreement(study, coded, ada, as_user):
    text = shown(as_user(ada), page(study))
    for words in ("Model drift", "2 quotes", "<b>2</b> in 2 papers", "on 1 paper"):
        assert words in text


def quotes_of(client, study, label):
    return client.get(page(study, "code-quotes", Code.objects.get(label=label).pk))


def test_quotes_of_a_code_are_limited_to_visible_papers(study, coded, ada, ben, olga, as_user):
    text = quotes_of(as_user(ada), study, "Talent").content.decode()
    assert text.count("nobody to hire") == 2
    assert "A telling title" in text
    make_assignment(coded, ada)
    text = quotes_of(as_user(ada), study, "Talent").content.decode()
    assert (text.count("nobody to hire"), "A telling title" in text) == (1, False)
    assert "nobody to hire" not in quotes_of(as_user(olga), study, "Talent").content.decode()
    Code.objects.filter(label="Talent").update(status="proposed")
    assert quotes_of(as_user(ben), study, "Talent").status_code == 404


def test_a_blind_reader_sees_no_use_from_papers_still_to_code(study, coded, ada, as_user):
    make_assignment(coded, ada)
    text = shown(as_user(ada), page(study))
    assert "A telling title" not in text
    assert "<b>1</b> in 1 paper" in text
    assert "α" not in text
    assert "leave out the papers" in text


def test_an_observer_sees_codes_without_use_before_release(study, coded, olga, as_user):
    text = shown(as_user(olga), page(study))
    assert "Talent" in text
    assert "nobody to hire" not in text
    assert "<b>0</b> in 0 papers" in text
    assert "Add a code" not in text


def test_codes_are_found_by_words_and_by_section(study, as_user, ada):
    client = as_user(ada)
    assert "Model drift" in shown(client, page(study) + "?q=DRIFT")
    assert "Talent" not in shown(client, page(study) + "?q=DRIFT")
    assert "Survey" not in shown(client, page(study) + "?section=challenges")
    assert "No code fits" in shown(client, page(study) + "?q=%00zzz")


def test_search_ranks_label_matches_first_and_ignores_when_not_to_use(study, section):
    make_code(
        section,
        "Need for large data sets",
        when_not="Not for noisy data, labelling issues or privacy.",
    )
    make_code(section, "Governance", definition="Who may use noisy data.")
    make_code(section, "Noisy data pipelines")
    make_code(section, "Noisy data")
    make_code(section, "Labelling issues", when_not="Noisy data.", example="Noisy data.")
    lead = study.memberships.get(role="lead")

    def found(words):
        chapters = codebook_page.chapters(lead, query=words)
        return [entry.code.label for chapter in chapters for entry in chapter.entries]

    assert found("noisy data") == ["Noisy data", "Noisy data pipelines", "Governance"]
    assert found("labeling issue") == found("lablling issues") == ["Labelling issues"]
    assert found("datasets") == ["Need for large data sets"]
    assert found("privacy") == []
    assert found("***") == found("")


def test_retired_and_merged_codes_are_shown_on_request(study, section, ada, as_user):
    codes = {code.label: code for code in section.codes.all()}
    code_changes.merge(codes["Talent"], into=codes["Cost"], by=ada, reason="same")
    client = as_user(ada)
    assert "Talent" not in shown(client, page(study))
    assert "into “Cost”" in shown(client, page(study) + "?gone=yes")


def test_a_code_offers_the_acts_that_its_status_allows(study, section, ada, as_user):
    acts = ("merge-code", "split-code", "move-code", "retire-code", "restore-code")
    code, client = section.codes.get(label="Talent"), as_user(ada)

    def offered():
        text = shown(client, page(study, "code", code.pk))
        return [act for act in acts if page(study, act, code.pk) in text]

    assert offered() == list(acts[:4])
    code_changes.retire(code, by=ada, reason="unused")
    assert offered() == [*acts[:3], "restore-code"]
    code.refresh_from_db()
    words = {"seen": versions.code_token(code), "reason": "it is used after all"}
    assert client.post(page(study, "restore-code", code.pk), words).status_code == 302
    assert CodebookChange.objects.first().reason == "it is used after all"
    code_changes.merge(code, into=section.codes.first(), by=ada, reason="same")
    assert offered() == []


def test_children_stand_under_their_parent(study, section, ada, as_user):
    codes = {code.label: code for code in section.codes.all()}
    codebook_changes.edit(
        codes["Data quality"], by=ada, facts={"parent": codes["Cost"]}, reason="order"
    )
    text = shown(as_user(ada), page(study))
    assert text.index(">Cost<") < text.index(">Data quality<")
    assert 'class="is-child"' in text


def test_query_count_is_constant_from_10_to_500_codes(study, section, coded, ada, as_user):
    client = as_user(ada)
    client.get(page(study))
    with CaptureQueriesContext(connection) as few:
        client.get(page(study))
    have = section.codes.count()
    Code.objects.bulk_create(
        [
            Code(section=section, label=f"Code {number}", position=number + have)
            for number in range(500)
        ]
    )
    answer = Mark.objects.first().answer
    Mark.objects.bulk_create(
        [
            Mark(answer=answer, code=code, quote="q")
            for code in section.codes.filter(label__startswith="Code")
        ]
    )
    with CaptureQueriesContext(connection) as many:
        answered = client.get(page(study))
    assert answered.status_code == 200
    assert len(many) == len(few)
    assert len(answered.content) < 500 * 1400


def test_adding_a_code_warns_of_near_labels_once(study, section, ada, as_user):
    client = as_user(ada)
    words = {"section": "challenges", "label": "Costs", "definition": "Money"}
    refused = client.post(page(study, "new-code"), words)
    assert refused.status_code == 422
    assert "Is it one of these?" in refused.content.decode()
    assert client.post(page(study, "new-code"), {**words, "anyway": "yes"}).status_code == 302
    assert section.codes.get(label="Costs").definition == "Money"


@pytest.mark.parametrize(
    "label", ["talents", "TALENT", "talant", "Data  qualities", "modelling drift"]
)
def test_near_labels_are_shown_while_typing(study, section, ada, as_user, label):
    asked = {"section": "challenges", "label": label}
    near = as_user(ada).get(page(study, "near-code"), asked).content.decode()
    assert "Is it one of these?" in near
    assert page(study, "code", section.codes.get(label__istartswith=label[:3]).pk) in near


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("People", "Person"),
        ("Vertices", "vertex"),
        ("Organisational behaviour", "organizational behaviors"),
        ("Labelling issues", "Labeling issue"),
        ("Analyses", "analysis"),
        ("Cheque fraud", "check fraud"),
        ("Data centre", "data centers"),
        ("Catalogues", "catalog"),
        ("Tyres", "tire"),
        ("Judgements", "judgment"),
    ],
)
def test_plural_and_spelling_variants_have_the_same_normalised_label(one, other):
    assert normalised_label(one) == normalised_label(other)


def test_near_labels_leave_out_the_code_itself_and_other_sections(study, section, ada, as_user):
    code = section.codes.get(label="Talent")
    ask = lambda **facts: as_user(ada).get(page(study, "near-code"), facts)  # noqa: E731
    assert ask(section="challenges", label="Talent", besides=code.pk).content.decode().strip() == ""
    assert ask(section="method", label_2="Talent").content.decode().strip() == ""
    assert "Talent" in ask(section="challenges", label_2="Talent").content.decode()
    assert ask(section="nowhere", label="Talent").status_code == 404


def test_a_code_is_edited_with_a_reason(study, section, ada, as_user):
    code = section.codes.get(label="Cost")
    seen = versions.code_token(code)
    client, url = as_user(ada), page(study, "code", code.pk)
    assert client.post(url, {"label": "Price", "seen": seen}).status_code == 422
    assert (
        client.post(url, {"label": "Price", "seen": seen, "reason": "clearer"}).status_code == 302
    )
    assert section.codes.filter(label="Price").exists()


def test_a_stale_form_shows_what_another_lead_has_saved(study, section, ada, as_user):
    eva = make_user("eva")
    Membership.objects.create(study=study, user=eva, role="lead")
    code = section.codes.get(label="Cost")
    seen = versions.code_token(code)
    codebook_changes.edit(
        code, by=eva, facts={"definition": "Money and time"}, reason="said nowhere"
    )
    client = as_user(ada)
    met = client.post(
        page(study, "code", code.pk), {"label": "Price", "seen": seen, "reason": "clearer"}
    )
    assert met.status_code == 422
    assert "Money and time" in met.content.decode()
    met = client.post(page(study, "retire-code", code.pk), {"seen": seen, "reason": "unused"})
    assert met.status_code == 422
    assert "Money and time" in met.content.decode()
    code.refresh_from_db()
    assert (code.label, code.status) == ("Cost", "active")


def test_merging_by_page_with_preview_and_undo(study, section, coded, ada, as_user):
    client = as_user(ada)
    codes = {code.label: code for code in section.codes.all()}
    url = page(study, "merge-code", codes["Talent"].pk)
    words = {
        "seen": versions.code_token(codes["Talent"]),
        "into": codes["Cost"].pk,
        "reason": "the same",
    }
    preview = client.post(url, {**words, "preview": "yes"})
    assert preview.status_code == 200
    assert "→" in preview.content.decode()
    assert not CodebookChange.objects.exists()
    assert client.post(url, words).status_code == 302
    change = CodebookChange.objects.get()
    assert not Mark.objects.filter(code=codes["Talent"]).exists()
    client.post(page(study, "undo-change", change.version))
    assert Mark.objects.filter(code=codes["Talent"]).count() == 2
    assert "undone in 3" in shown(client, page(study, "codebook-versions"))


def test_moving_a_code_with_findings_is_refused_with_advice(study, section, coded, ada, as_user):
    there = make_section(study.phases.get(), "benefits")
    code = section.codes.get(label="Cost")
    finding = Finding.objects.create(paper=coded, section=section, settled_at="2026-01-01T00:00Z")
    FindingMark.objects.create(finding=finding, code=code)
    client, url = as_user(ada), page(study, "move-code", code.pk)
    assert page(study, "comparison", "one") in shown(client, url)
    words = {"seen": versions.code_token(code), "to": there.pk, "reason": "it is none"}
    refused = client.post(url, words)
    assert refused.status_code == 422
    assert "Take those decisions back first" in refused.content.decode()
    finding.delete()
    assert client.post(url, words).status_code == 302
    assert set(Mark.objects.filter(code=code).values_list("answer__section__key", flat=True)) == {
        "benefits"
    }


def test_a_code_of_another_study_cannot_be_chosen(study, section, ada, as_user):
    from tests.making import make_study

    elsewhere = make_study().sections.get(key="challenges").codes.first()
    client = as_user(ada)
    assert client.get(page(study, "merge-code", elsewhere.pk)).status_code == 404
    code = section.codes.first()
    words = {"seen": versions.code_token(code), "into": elsewhere.pk, "reason": "the same"}
    assert client.post(page(study, "merge-code", code.pk), words).status_code == 422
    assert (
        client.post(page(study, "order-code", code.pk), {"before": elsewhere.pk}).status_code == 404
    )


@pytest.mark.parametrize("name", ["retire-code", "merge-code", "split-code", "move-code"])
def test_an_empty_post_is_refused(study, section, ada, as_user, name):
    assert as_user(ada).post(page(study, name, section.codes.first().pk), {}).status_code == 422
    assert not CodebookChange.objects.exists()


def test_two_versions_are_compared(study, section, ada, as_user):
    code = section.codes.get(label="Cost")
    for label in ("Price", "Expense", "Outlay"):
        codebook_changes.edit(code, by=ada, facts={"label": label}, reason=f"because {label}")
    client = as_user(ada)
    text = shown(client, page(study, "codebook-versions") + "?from=2&to=3")
    assert "because Expense" in text
    assert "because Price" not in text
    assert "because Outlay" not in text


def compared(client, study, one, other):
    """`(sentence, {label: (kinds, lines, marks)})` of the comparison of two versions."""
    found = client.get(page(study, "codebook-versions") + f"?from={one}&to={other}").context
    return found["sentence"], {net.label: (net.kinds, net.lines, net.marks) for net in found["net"]}


def test_comparing_versions_shows_the_net_change(study, section, coded, ada, as_user):
    codes = {code.label: code for code in section.codes.all()}
    code_changes.edit(codes["Cost"], by=ada, facts={"label": "Price"}, reason="first thought")
    code_changes.edit(codes["Cost"], by=ada, facts={"label": "Expense"}, reason="clearer")
    code_changes.merge(codes["Talent"], into=codes["Cost"], by=ada, reason="same thing")
    code_changes.retire(codes["Model drift"], by=ada, reason="unused")
    code_changes.restore(codes["Model drift"], by=ada)
    codebook_changes.add(section, by=ada, facts={"label": "Skills"}, reason="missing")
    sentence, net = compared(as_user(ada), study, 1, 7)
    assert sentence == "1 added, 1 renamed, 1 merged"
    assert net == {
        "Skills": (["added"], [], 0),
        "Expense": (["renamed"], [("label", "Cost", "Expense")], 2),
        "Talent": (
            ["merged"],
            [("status", "active", "merged"), ("merged into", "–", "Expense")],
            2,
        ),
    }
    text = shown(as_user(ada), page(study, "codebook-versions") + "?from=7&to=1")
    assert "From version 1 to 7" in text
    assert "first thought" in text


def test_comparing_versions_leaves_out_what_was_undone(study, section, ada, as_user):
    codes = {code.label: code for code in section.codes.all()}
    merged = code_changes.merge(codes["Talent"], into=codes["Cost"], by=ada, reason="same thing")
    split = code_changes.split(
        codes["Cost"], into=[{"label": "Money"}, {"label": "Time"}], by=ada, reason="two things"
    )
    undo.undo(split, by=ada)
    undo.undo(merged, by=ada)
    assert compared(as_user(ada), study, 1, 5) == ("", {})
    assert "changed back" in shown(as_user(ada), page(study, "codebook-versions") + "?from=1&to=5")
    # From the middle on, the undo is the difference.
    assert compared(as_user(ada), study, 3, 5)[0] == "2 retired, 2 restored"
    assert compared(as_user(ada), study, 2, 3)[0] == "2 added, 1 split"


def test_history_and_comparison_show_changed_sections(study, section, ada, as_user):
    template.edit_section(section, by=ada, facts={"label": "Obstacles"})
    template.edit_section(section, by=ada, facts={"help": "What stands in the way?"})
    sentence, net = compared(as_user(ada), study, 1, 3)
    assert sentence == "1 changed"
    assert set(net["Obstacles"][1]) == {
        ("label", "Challenges", "Obstacles"),
        ("help", "–", "What stands in the way?"),
    }
    assert "What stands in the way?" in shown(as_user(ada), page(study, "codebook-versions"))


def test_history_shows_decisions_on_proposals_to_leads_only(
    study, section, ada, ben, olga, as_user
):
    secret = make_code(section, "Whispered", status="proposed", proposed_by=ben)
    change = code_changes.merge(
        secret, into=section.codes.get(label="Cost"), by=ada, reason="the same"
    )
    undo.undo(change, by=ada)
    assert "Whispered" in shown(as_user(ada), page(study, "codebook-versions"))
    for address in ("", "?from=1&to=3"):
        assert "Whispered" not in shown(as_user(olga), page(study, "codebook-versions") + address)
    code_changes.accept(secret, by=ada)
    assert "Whispered" in shown(as_user(olga), page(study, "codebook-versions"))


def test_history_hides_counts_of_marks_from_a_blind_lead(study, section, coded, ada, as_user):
    codes = {code.label: code for code in section.codes.all()}
    code_changes.merge(codes["Talent"], into=codes["Cost"], by=ada, reason="same")
    client = as_user(ada)
    assert "<b>2</b> in 2 papers" in shown(client, page(study, "codebook-versions"))
    make_assignment(coded, ada)
    for name in ("codebook-versions", "log"):
        assert "in 2 papers" not in shown(client, page(study, name))


def test_history_query_count_is_constant(study, section, ada, as_user):
    client, code = as_user(ada), section.codes.get(label="Cost")
    counts = []
    for label in ("Price", "Expense", "Outlay"):
        codebook_changes.edit(code, by=ada, facts={"label": label}, reason="why")
        with CaptureQueriesContext(connection) as queries:
            client.get(page(study, "codebook-versions"))
        counts.append(len(queries))
    assert counts[0] == counts[-1]


def test_codes_are_ordered_by_button_and_by_drag(study, section, ada, as_user):
    client = as_user(ada)
    codes = {code.label: code for code in section.codes.all()}
    client.post(page(study, "order-code", codes["Cost"].pk), {"act": "up"})
    client.post(page(study, "order-code", codes["Cost"].pk), {"before": codes["Data quality"].pk})
    assert list(section.codes.values_list("label", flat=True)) == [
        "Cost",
        "Data quality",
        "Model drift",
        "Talent",
    ]
    url = page(study, "order-code", codes["Cost"].pk) + "?section=challenges&gone=yes"
    met = client.post(url, {"after": codes["Talent"].pk})
    assert list(section.codes.values_list("label", flat=True)) == [
        "Data quality",
        "Model drift",
        "Talent",
        "Cost",
    ]
    assert met.url == f"{page(study)}?section=challenges&gone=yes#code-{codes['Cost'].pk}"
    before = CodebookChange.objects.count()
    for nowhere in ({}, {"act": "left"}, {"before": "-1"}, {"after": "\0"}):
        assert client.post(url, nowhere).status_code == 302
    assert CodebookChange.objects.count() == before


def test_only_sections_of_a_coded_kind_take_codes(study, ada):
    with pytest.raises(codebook_changes.ValidationError):
        codebook_changes.add(study.sections.get(key="conclusion"), by=ada, facts={"label": "No"})
    there = make_section(study.phases.get(), "benefits")
    assert codebook_changes.add(there, by=ada, facts={"label": "Speed"}).position == 0
