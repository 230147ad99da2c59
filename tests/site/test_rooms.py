"""The picture of the rooms in `docs/rooms.md` is drawn from the code."""

from tools import draw_rooms


def test_the_picture_of_the_rooms_is_up_to_date():
    drawn = draw_rooms.PICTURE.read_text(encoding="utf-8")

    assert drawn == draw_rooms.page(), "Draw it again: python -m tools.draw_rooms"


def test_an_arrow_that_others_imply_is_left_out():
    imports = {"a.top": {"a.middle", "a.low"}, "a.middle": {"a.low"}, "a.low": set()}

    assert draw_rooms.without_implied(imports) == {
        "a.top": {"a.middle"},
        "a.middle": {"a.low"},
        "a.low": set(),
    }


def test_a_module_belongs_to_the_room_below_its_app():
    assert draw_rooms.room_of("reviews.coding.views.queue") == "reviews.coding"
    assert draw_rooms.room_of("mapping.access") == "mapping.access"
    assert draw_rooms.room_of("mapping") is None
    assert draw_rooms.room_of("reviews.migrations.0001_first") is None
