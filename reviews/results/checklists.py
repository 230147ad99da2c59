"""What reviewers of a mapping study ask for, ticked where the study's own records show it.

After the ACM SIGSOFT Empirical Standards, supplement on inter-rater reliability and agreement, and
the actions in Petersen, Vakkalanka, Kuzniarz: Guidelines for conducting systematic mapping studies
in software engineering (2015). In our own words; what Concord cannot see stays open, to be argued
in the text.
"""

from typing import NamedTuple

from django.db.models import Count
from django.urls import reverse

from reviews.models import Assignment
from reviews.results.methods import counted


class Item(NamedTuple):
    """`shown` is the evidence in a sentence, empty where the records show none; `url` is where it
    stands.
    """

    text: str
    shown: str = ""
    url: str = ""


class Checklists:
    def __init__(self, facts):
        self.facts, self.study = facts, facts.study

    def many(self, text, number, noun, more="", *, at):
        """Ticked where there is at least one."""
        if not number:
            return Item(text)
        return Item(
            text, f"{counted(number, noun)} {more}".strip(), reverse(at, args=[self.study.slug])
        )

    def inter_rater(self):
        return [*self.essential(), *self.desirable()]

    def essential(self):
        facts = self.facts
        kinds = ", ".join(sorted({section.get_kind_display() for section in facts.coded}))
        # A paper that was shared in several rounds, for screening and for coding, is one paper.
        overlap = len(facts.shared_independently)
        with_figures = len(facts.kept_reports) if facts.has_figures else 0
        apart = len(facts.apart)
        but = (
            f"; {counted(apart, 'summary', 'summaries')} not independent and left out"
            if apart
            else ""
        )
        return [
            self.many(
                "says which properties were rated", len(facts.coded), "coded item", at="template"
            ),
            self.many(
                "says how many raters rated each",
                facts.reviewers,
                "reviewer",
                "who read",
                at="rounds",
            ),
            self.many(
                "tells how two or more rated independently",
                overlap,
                "paper",
                f"read by two or more{but}",
                at="rounds",
            ),
            self.many(
                "tells how disagreements were resolved",
                self.decided,
                "difference",
                "settled, with how and why",
                at="disagreements",
            ),
            self.many(
                "says of which type the variables are",
                len(facts.coded),
                "item",
                f"({kinds})",
                at="template",
            ),
            self.many(
                "reports a fitting measure",
                with_figures,
                "closed round",
                "with its figures",
                at="agreement",
            ),
        ]

    def desirable(self):
        facts = self.facts
        remarks, rules = facts.discussed
        targets = sum(section.agreement_target is not None for section in facts.coded)
        pilots = sum(one.kind != "main" for one in facts.rounds)
        with_figures = len(facts.coded) if facts.has_figures else 0
        return [
            self.many(
                "gives the rating scheme as supplement", facts.codes["all"], "code", at="codebook"
            ),
            self.many(
                "gives decision rules as supplement", rules, "decision rule", at="disagreements"
            ),
            self.many(
                "breaks agreement down by property",
                with_figures,
                "section",
                "one by one",
                at="agreement",
            ),
            self.many(
                "says which value is enough",
                targets,
                "section",
                "with a declared target",
                at="agreement",
            ),
            Item("tells of the raters' training or experience"),
            self.many(
                "resolves disagreements by discussion, not by vote",
                remarks if self.decided else 0,
                "remark",
                "in the discussion",
                at="disagreements",
            ),
            self.many(
                "has more than three raters per property",
                facts.most_readers if facts.most_readers > 3 else 0,
                "reviewer",
                "of one paper",
                at="rounds",
            ),
            self.many(
                "rates, resolves and mends the scheme in cycles",
                pilots if facts.changes else 0,
                "pilot or calibration round",
                "and changes of the codebook",
                at="rounds",
            ),
        ]

    @property
    def decided(self):
        """Differences that somebody settled."""
        return sum(
            number
            for basis, number in self.facts.settled.items()
            if basis not in {"unanimous", "single"}
        )

    def mapping_actions(self):
        """`[(group, [Item])]`."""
        questions = len(self.facts.questions)
        need = [
            Item("motivate the need"),
            self.many(
                "define objectives and questions", questions, "research question", at="template"
            ),
            Item("ask the audience about the questions"),
        ]
        return [
            ("Need for the map", need),
            ("Finding the papers", self.finding()),
            ("Including and excluding", self.including()),
            ("Extracting", self.extracting()),
            ("Classifying", self.classifying()),
            ("Validity", [Item("discuss threats and limits")]),
        ]

    def finding(self):
        by_way = {"snowball": 0, "hand": 0, "manual": 0, "": 0}
        for source, number in self.facts.flow[0].items():
            way = next(way for way in by_way if way in source.casefold())
            by_way[way] += number
        files = self.facts.imports["files"]
        manual = by_way["hand"] + by_way["manual"]
        searched = by_way[""] if files else 0
        return [
            self.many("snowballing", by_way["snowball"], "record", at="papers"),
            self.many("manual search", manual, "record", at="papers"),
            self.many(
                "search in databases", searched, "record", "from imported files", at="papers"
            ),
            Item("develop the search: population and outcome, experts, known papers, thesauri"),
            self.many("search again for more", files if files > 1 else 0, "import", at="papers"),
            Item("evaluate the search: known papers, experts, authors' pages, test and retest"),
        ]

    def including(self):
        screened = sum(one.overlap for one in self.facts.rounds if one.phase.kind == "screening")
        excluding, rules = self.facts.codes["excluding"], self.facts.discussed[1]
        return [
            self.many(
                "objective criteria", excluding, "code", "that can exclude a paper", at="codebook"
            ),
            self.many(
                "a further reviewer", screened, "paper", "screened by two or more", at="rounds"
            ),
            self.many("decision rules", rules, "decision rule", at="disagreements"),
        ]

    def extracting(self):
        coded = sum(one.overlap for one in self.facts.rounds if one.phase.kind == "coding")
        return [
            self.many(
                "objective criteria",
                self.facts.codes["defined"],
                "code",
                "with a definition",
                at="codebook",
            ),
            Item("hide what could bias, such as the authors"),
            self.many("a further reviewer", coded, "paper", "coded by two or more", at="rounds"),
            self.many(
                "test and retest",
                self.coded_again,
                "paper",
                "coded twice by one reviewer",
                at="rounds",
            ),
        ]

    def classifying(self):
        venues = self.facts.papers["with_venue"]
        return [
            self.named("type of research", ("research type", "type of research", "contribution")),
            self.named("method of research", ("method",)),
            self.many("kind of venue", venues, "paper", "with a venue", at="map"),
        ]

    def named(self, text, words):
        found = [
            one for one in self.facts.coded if any(word in str(one).casefold() for word in words)
        ]
        return self.many(
            text, len(found), "section", f"({', '.join(map(str, found))})", at="template"
        )

    @property
    def coded_again(self):
        """Papers that one reviewer submitted in two rounds of a phase."""
        twice = Assignment.objects.submitted().in_force().filter(round__study=self.study).order_by()
        twice = (
            twice.values("paper", "reviewer", "round__phase")
            .annotate(times=Count("pk"))
            .filter(times__gt=1)
        )
        return len(set(twice.values_list("paper", flat=True)))
