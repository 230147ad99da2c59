"""The papers behind a figure of the agreement pages."""

import re

import pytest

from tests.agreement.test_agreement import both, page, text
from tests.making import absent, make_code, make_paper, make_round, make_summary


def test_every_figure_leads_to_its_papers(study, ada, ben, cleo, as_user):
    drifting, same = make_paper(study, key="drifting"), make_paper(study, key="same")
    both(
        drifting,
        ben,
        cleo,
        {"method": "Survey", "challenges": ["Talent"]},
        {"method": "Experiment", "challenges": ["Cost"]},
    )
    both(
        same,
        ben,
        cleo,
        {"method": "Survey", "challenges": ["Talent"]},
        {"method": "Survey", "challenges": ["Talent"]},
    )
    client = as_user(ada)

    def keys(section, **query):
        return [
            paper.key
            for paper, _ in page(client, study, section, "papers", **query).context["papers"]
        ]

    assert keys("method") == ["drifting", "same"]
    assert keys("method", differ=1) == ["drifting"]
    assert keys("method", one="Survey", other="Experiment") == ["drifting"]
    assert keys("method", one="Survey", other="Survey") == ["same"]
    assert keys("challenges", code="Talent") == ["drifting", "same"]
    assert keys("challenges", code="Talent", differ=1) == ["drifting"]
    assert keys("challenges", code="Unheard of") == []
    assert keys("challenges", code="Talent", all=1) == ["same"]
    assert keys("method", **{"reviewer": "ben", "with": "cleo"}) == ["drifting", "same"]
    assert keys("method", **{"reviewer": "ben", "with": "zoe"}) == []
    assert keys("challenges", reviewer="ben") == ["drifting", "same"]
    assert keys("challenges", reviewer="cleo", code="Talent") == ["same"]
    assert keys("challenges", reviewer="cleo", code="Talent", alone=1) == []
    assert keys("challenges", reviewer="ben", code="Talent", alone=1) == ["drifting"]
    assert keys("challenges", reviewer="nobody", code="Talent") == []
    assert keys("method", q="nothing has these words") == []
    nothing = text(page(client, study, "method", "papers", q="nothing has these words"))
    assert "No paper fits" in nothing, "and the form to look for other words stays"
    assert 'value="nothing has these words"' in nothing


@pytest.mark.parametrize("section", ["challenges", "method", "maturity-stage"])
def test_a_number_leads_to_as_many_papers_as_it_says(study, ada, ben, cleo, as_user, section):
    said = {
        "challenges": [["Talent"], ["Talent", "Cost"], [], ["Cost"], absent("unclear")],
        "method": ["Survey", "Experiment", "Survey", "Case study", absent("unclear")],
        "maturity-stage": ["Manual", "Monitored", "Manual", absent("unclear"), "Monitored"],
    }[section]
    for one, other in zip(said, [*said[1:], said[0]], strict=True):
        both(make_paper(study), ben, cleo, {section: one}, {section: other})
    make_summary(make_paper(study), ben, answers={section: said[0]})
    make_summary(make_paper(study), ben, answers={section: said[0]}, round=make_round(study))
    client = as_user(ada)

    asked = {"round": study.rounds.first().pk}
    for overview in (page(client, study, **asked), page(client, study, section, **asked)):
        links = re.findall(
            r'<a href="([^"]*/papers/\?[^"]*)">(?:<b>)?(\d+)[×<]',
            text(overview).replace("&amp;", "&"),
        )
        links = [(url, int(number)) for url, number in links if "one=" not in url]
        assert links
        assert [(url, client.get(url).context["total"]) for url, _ in links] == links
    assert not re.search(r'data-label="(Papers|By all)">[1-9]', text(overview)), (
        "every number of papers is a link"
    )


def test_an_absence_of_the_name_of_a_code_is_another_answer(study, ada, ben, cleo, as_user):
    make_code(study.sections.get(key="method"), "unclear")
    both(
        make_paper(study, key="p"), ben, cleo, {"method": "unclear"}, {"method": absent("unclear")}
    )

    found = page(as_user(ada), study, "method", "papers", one="unclear", other="~unclear")

    assert [paper.key for paper, _ in found.context["papers"]] == ["p"]
    assert "The one paper differs" in text(page(as_user(ada), study))
