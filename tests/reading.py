"""Reading a page as a browser without script would: the fields that a form sends."""

from html.parser import HTMLParser


class Form(HTMLParser):
    """The fields of the form with this id, as lists by name, ready to be changed and posted."""

    def __init__(self, html, id):
        super().__init__()
        self.id, self.fields, self.inside, self.area = id, {}, False, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        facts = dict(attributes)
        if tag == "form":
            self.inside = facts.get("id") == self.id
        if not self.inside or not facts.get("name"):
            return
        if tag == "textarea":
            self.area = facts["name"]
            self.fields.setdefault(self.area, []).append("")
        if tag == "input" and (
            facts.get("type") not in {"checkbox", "radio"} or "checked" in facts
        ):
            self.fields.setdefault(facts["name"], []).append(facts.get("value") or "")

    def handle_data(self, text):
        if self.area:
            self.fields[self.area][-1] += text

    def handle_endtag(self, tag):
        if tag == "textarea" and self.area:
            # A browser drops the line end right after the opening tag; a form may need it to keep
            # the next one.
            self.fields[self.area][-1] = self.fields[self.area][-1].removeprefix("\n")
            self.area = None
        if tag == "form":
            self.inside = False


def form_in(response, id):
    return Form(response.content.decode(), id).fields
