"""Geometry of the drawings."""

from datetime import date, timedelta

from portal.web import charts

DAY = date(2026, 11, 23)


def on(days: int) -> date:
    return DAY + timedelta(days=days)


def test_the_scale_is_round_and_reaches_the_top() -> None:
    assert charts.scale(136) == (50, 100, 150)
    assert charts.scale(1) == (1,)
    assert charts.scale(0) == (1,)
    assert charts.scale(4) == (1, 2, 3, 4)
    assert charts.scale(171) == (50, 100, 150, 200)
    assert charts.scale(9_000) == (5_000, 10_000)


def test_levels_are_drawn_as_steps_that_run_to_the_end() -> None:
    frame = charts.Frame(0, 100, 0, 100, DAY, on(10), 100)
    drawn = charts.path([charts.Point(DAY, 20), charts.Point(on(5), 60)], frame)
    assert drawn == "M0.0 80.0H50.0V40.0H100.0"
    assert charts.path([], frame) == ""


def test_what_lies_outside_is_kept_inside_the_frame() -> None:
    frame = charts.Frame(0, 100, 0, 100, DAY, DAY, 0)
    assert (frame.x(on(-5)), frame.x(on(5))) == (0.0, 100.0)
    assert (frame.y(-5), frame.y(5)) == (100.0, 0.0)


def promise() -> charts.PromiseDrawing:
    return charts.promise(
        [
            charts.Step(DAY, 42),
            charts.Step(on(10), 58, "PO-4471"),
            charts.Step(on(24), 88, "PO-4502"),
            charts.Step(on(52), 136, "PO-4519"),
        ],
        stock=[charts.Point(DAY, 62), charts.Point(on(4), 42)],
        flows=[charts.Flow(on(4), -20), charts.Flow(on(5), -1), charts.Flow(on(10), 80)],
        end=on(69),
    )


def test_the_promise_stands_where_the_drawn_page_has_it() -> None:
    drawing = promise()
    assert (drawing.width, drawing.height) == (568, 262)
    assert [(m.value, m.y) for m in drawing.grid] == [(50, 136.0), (100, 76.0), (150, 16.0)]
    assert drawing.line == "M34.0 145.6H110.2V126.4H217.0V90.4H430.4V32.8H560.0"
    assert drawing.area == drawing.line + "V196H34Z"
    assert drawing.ghost == "M34.0 121.6H64.5V145.6H560.0"
    assert [(m.x, m.value, m.source, m.full) for m in drawing.labels] == [
        (41.0, 42, "", True),
        (117.2, 58, "PO-4471", True),
        (224.0, 88, "PO-4502", True),
        (437.4, 136, "PO-4519", True),
    ]
    assert [(m.x, m.on) for m in drawing.ticks] == [
        (34.0, DAY),
        (140.7, on(14)),
        (247.4, on(28)),
        (354.2, on(42)),
        (460.9, on(56)),
    ]


def test_a_flow_that_would_be_written_over_another_is_left_to_the_table() -> None:
    assert [m.value for m in promise().flows] == [-20, 80]


def test_steps_too_narrow_for_a_figure_are_left_to_the_table() -> None:
    drawing = charts.promise(
        [
            charts.Step(DAY, 1),
            charts.Step(on(2), 2, "PO-1"),
            charts.Step(on(8), 3, "A receipt with a very long name"),
            charts.Step(on(60), 0, "PO-2"),
        ],
        end=on(69),
    )
    assert drawing.height == 222
    assert drawing.ghost == ""
    assert [(m.value, m.source, m.anchor, m.full) for m in drawing.labels] == [
        (2, "PO-1", "start", False),
        (3, "A receipt with a very long name", "start", True),
        (0, "", "end", True),
    ]


def test_a_short_first_step_shows_its_figure_without_the_word() -> None:
    drawing = charts.promise([charts.Step(DAY, 22), charts.Step(on(2), 34, "PO-4402")], end=on(28))
    assert [(m.value, m.full) for m in drawing.labels] == [(22, False), (34, True)]


def test_a_promise_of_one_step_is_a_line() -> None:
    drawing = charts.promise([charts.Step(DAY, 0)], end=on(4))
    assert drawing.line == "M34.0 196.0H560.0"
    assert [t.anchor for t in drawing.ticks] == ["start", "mid", "mid", "mid", "end"]


def test_ticks_of_very_long_spans_stay_few() -> None:
    frame = charts.Frame(0, 100, 0, 100, DAY, on(3650), 1)
    assert len(charts.ticks(frame, y=1)) == 11


def projection(days: int, top: int = 288) -> charts.ProjectionDrawing:
    return charts.projection(
        before=[charts.Point(DAY, 120)],
        without=[charts.Point(on(days), 96), charts.Point(on(days + 1), 80)],
        replenished=[charts.Point(on(days), top)],
        limits=(100, 300),
        end=on(9),
    )


def test_the_projection_names_both_levels_on_the_day_of_arrival() -> None:
    drawing = projection(4)
    assert (drawing.band_top, drawing.band_bottom) == (26.5, 123.5)
    assert drawing.before == "M6.0 113.8H159.8"
    assert drawing.without.startswith("M159.8 113.8H159.8V125.4")
    assert drawing.low is not None
    assert drawing.high is not None
    assert (drawing.low.value, drawing.low.anchor) == (96, "end")
    assert (drawing.high.value, drawing.high.anchor) == (288, "end")
    assert drawing.rows == ((DAY, 120, None), (on(4), 96, 288), (on(5), 80, None))


def test_labels_of_an_early_arrival_stand_on_the_right() -> None:
    drawing = projection(1, top=150)
    assert drawing.low is not None
    assert drawing.high is not None
    assert (drawing.low.anchor, drawing.high.anchor) == ("start", "start")
    assert drawing.high.y == drawing.frame.y(150) + 5


def test_a_level_below_nothing_is_written_above_the_axis_on_the_right() -> None:
    drawing = charts.projection(
        before=[charts.Point(DAY, 120)],
        without=[charts.Point(on(4), -79)],
        replenished=[charts.Point(on(4), 200)],
        limits=(100, 300),
        end=on(9),
    )
    assert drawing.low is not None
    assert (drawing.low.anchor, drawing.low.x, drawing.low.y) == ("start", 168.8, 164.0)


def test_a_projection_without_a_need_is_one_line() -> None:
    drawing = charts.projection(
        before=[charts.Point(DAY, 120)], without=[], replenished=[], limits=(0, 300), end=on(9)
    )
    assert (drawing.without, drawing.replenished, drawing.low, drawing.high) == ("", "", None, None)
    assert drawing.before == "M6.0 113.8H352.0"


def test_columns_stand_over_the_tables_columns() -> None:
    drawing = charts.demand(
        [
            charts.Week("W01", DAY, demand=100, expected=118, low=99, high=139, theirs=120),
            charts.Week("W02", on(7)),
            charts.Week("W03", on(14), high=50),
        ],
        here=1,
    )
    first, second, third = drawing.columns
    assert (drawing.width, drawing.height, drawing.here_x) == (258, 168, 64)
    assert [m.value for m in drawing.grid] == [50, 100, 150]
    assert (first.demand_y, first.expected_y, first.theirs_y) == (72.0, 54.7, 52.8)
    assert (first.band_y, first.band_height) == (34.6, 38.4)
    assert (second.x, second.mid) == (64, 96)
    assert (second.demand_y, second.expected_y, second.band_y, second.theirs_y) == (None,) * 4
    assert third.band_height == 48.0


def test_a_board_without_figures_still_has_a_scale() -> None:
    drawing = charts.demand([charts.Week("W01", DAY)])
    assert ([m.value for m in drawing.grid], drawing.here, drawing.here_x) == ([1], None, 0)
