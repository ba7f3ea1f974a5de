//! Draws the points of a series.

use super::canvas::{Canvas, FIT, Ink, Look, Mark, PixelPoint};
use super::layout::Layout;
use super::{Figure, Point, Scale, Series, Style};

const LINE: f64 = 2.0;
const DOT: f64 = 3.5;
/// A line through so few points shows where they are: it says nothing between them.
const MARKED: usize = 24;

/// Draws one series.
pub(super) fn draw_series<C: Canvas>(
    figure: &Figure,
    index: usize,
    layout: &Layout,
    canvas: &mut C,
) -> Result<(), C::Error> {
    let series = &figure.series[index];
    let ink = Ink::Series(figure.color_of(index));
    match series.style {
        Style::Line => {
            for run in unbroken(&series.points, layout) {
                ribbon(&run, layout, ink, canvas)?;
                stroke(&places(&run, layout), ink, canvas)?;
            }
            if series.points.len() <= MARKED && figure.x.label != "time" {
                let mut places = places(&series.points, layout).into_iter();
                places.try_for_each(|place| mark(place, ink, canvas))?;
            }
            Ok(())
        }
        Style::Dashed => canvas.dashes(&places(&series.points, layout), LINE, ink, FIT),
        Style::Steps => stroke(&stairs(&series.points, layout), ink, canvas),
        Style::Area => area(&series.points, layout, ink, canvas),
        Style::Cloud => {
            let mut places = places(&series.points, layout).into_iter();
            places.try_for_each(|place| canvas.dot(place, 1.5, ink, 0.55))
        }
        Style::Dots | Style::Published | Style::Bars => {
            let (shift, width) = dodge(figure, index, layout);
            let mut points = series.points.iter();
            points.try_for_each(|point| single(series.style, point, layout, shift, width, ink, canvas))
        }
    }
}

/// A sample of a style for the legend; the place is its left end at half height.
pub(super) fn swatch<C: Canvas>(
    style: Style,
    ink: Ink,
    (x, y): PixelPoint,
    canvas: &mut C,
) -> Result<(), C::Error> {
    match style {
        Style::Line | Style::Steps => stroke(&[(x, y), (x + 16.0, y)], ink, canvas),
        Style::Dashed => canvas.dashes(&[(x, y), (x + 16.0, y)], LINE, ink, FIT),
        Style::Dots => mark((x + 9.0, y), ink, canvas),
        Style::Cloud => canvas.dot((x + 9.0, y), DOT, ink, 1.0),
        Style::Area | Style::Bars => canvas.rect((x + 3.0, y - 5.0), (11.0, 10.0), ink, 0.85),
        Style::Published => diamond((x + 9.0, y), ink, canvas),
    }
}

fn places(points: &[Point], layout: &Layout) -> Vec<PixelPoint> {
    points.iter().filter_map(|point| layout.place(point.x, point.y)).collect()
}

/// Runs of points without one that has no place.
fn unbroken(points: &[Point], layout: &Layout) -> Vec<Vec<Point>> {
    let has_place = |point: &Point| point.y.is_finite() && layout.place(point.x, point.y).is_some();
    let runs = points.split(|point| !has_place(point)).filter(|run| !run.is_empty());
    runs.map(<[Point]>::to_vec).collect()
}

fn stroke<C: Canvas>(places: &[PixelPoint], ink: Ink, canvas: &mut C) -> Result<(), C::Error> {
    match places {
        [] => Ok(()),
        [only] => mark(*only, ink, canvas),
        more => match Look::of(ink).dashes {
            [] => canvas.line(more, LINE, ink),
            dashes => canvas.dashes(more, LINE, ink, dashes),
        },
    }
}

/// What stands at a point of a series.
fn mark<C: Canvas>((x, y): PixelPoint, ink: Ink, canvas: &mut C) -> Result<(), C::Error> {
    match Look::of(ink).mark {
        Mark::Disk => canvas.dot((x, y), DOT, ink, 1.0),
        Mark::Square => canvas.rect((x - DOT, y - DOT), (2.0 * DOT, 2.0 * DOT), ink, 1.0),
        Mark::Triangle => {
            let (wide, high) = (DOT + 1.0, DOT + 1.0);
            canvas.area(&[(x, y - high), (x + wide, y + DOT), (x - wide, y + DOT)], ink, 1.0)
        }
        Mark::Ring => {
            canvas.dot((x, y), DOT + 0.5, ink, 1.0)?;
            canvas.dot((x, y), DOT - 1.5, Ink::Paper, 1.0)
        }
    }
}

fn ribbon<C: Canvas>(run: &[Point], layout: &Layout, ink: Ink, canvas: &mut C) -> Result<(), C::Error> {
    let side = |pick: fn((f64, f64)) -> f64| {
        let place = move |point: &Point| layout.place(point.x, pick(point.interval?));
        run.iter().filter_map(place).collect::<Vec<_>>()
    };
    let (low, high) = (side(|interval| interval.0), side(|interval| interval.1));
    if high.len() < 2 {
        return Ok(());
    }
    let outline: Vec<PixelPoint> = high.into_iter().chain(low.into_iter().rev()).collect();
    canvas.area(&outline, ink, 0.2)
}

fn stairs(points: &[Point], layout: &Layout) -> Vec<PixelPoint> {
    let mut stairs: Vec<PixelPoint> = Vec::new();
    for (x, y) in places(points, layout) {
        if let Some((_, before)) = stairs.last().copied() {
            stairs.push((x, before));
        }
        stairs.push((x, y));
    }
    stairs
}

fn area<C: Canvas>(points: &[Point], layout: &Layout, ink: Ink, canvas: &mut C) -> Result<(), C::Error> {
    let base = layout.down(layout.y.inside(0.0).unwrap_or(0.0));
    // Step by step: the outline of a long staircase is more than a drawing library's polygon takes.
    for pair in places(points, layout).windows(2) {
        let ((from, top), (to, _)) = (pair[0], pair[1]);
        canvas.rect((from, top), (to - from, base - top), ink, 0.3)?;
    }
    stroke(&stairs(points, layout), ink, canvas)
}

/// How far the marks of a series stand beside their place, and how wide they may be: several series share a named place.
fn dodge(figure: &Figure, index: usize, layout: &Layout) -> (f64, f64) {
    let Scale::Names(names) = &figure.x.scale else { return (0.0, 0.7 * narrowest(figure, layout)) };
    let shares = |series: &Series| matches!(series.style, Style::Dots | Style::Bars | Style::Published);
    let sharing: Vec<usize> = (0..figure.series.len()).filter(|at| shares(&figure.series[*at])).collect();
    let place = sharing.iter().position(|at| *at == index).unwrap_or(0);
    let slot = 0.8 * layout.plot.0 / names.len().max(1) as f64 / sharing.len() as f64;
    let slot = if figure.series[index].style == Style::Bars { slot } else { slot.min(40.0) };
    ((place as f64 - (sharing.len() as f64 - 1.0) / 2.0) * slot, (slot * 0.9).min(64.0))
}

/// The least distance between two points of one series, in pixels.
fn narrowest(figure: &Figure, layout: &Layout) -> f64 {
    let gaps = figure.series.iter().flat_map(|series| {
        let places = places(&series.points, layout);
        places.windows(2).map(|pair| (pair[1].0 - pair[0].0).abs()).collect::<Vec<_>>()
    });
    gaps.filter(|gap| *gap > 0.0).fold(40.0, f64::min)
}

fn single<C: Canvas>(
    style: Style,
    point: &Point,
    layout: &Layout,
    shift: f64,
    width: f64,
    ink: Ink,
    canvas: &mut C,
) -> Result<(), C::Error> {
    let Some((x, y)) = layout.place(point.x, point.y) else { return Ok(()) };
    let x = x + shift;
    let bar = style == Style::Bars;
    if bar {
        let base = layout.down(layout.y.inside(0.0).unwrap_or(0.0));
        let (top, height) = if y <= base { (y, base - y) } else { (base, y - base) };
        canvas.rect((x - width / 2.0, top), (width, height), ink, 0.85)?;
    }
    if let Some((low, high)) = point
        .interval
        .and_then(|(low, high)| Some((layout.place(point.x, low)?.1, layout.place(point.x, high)?.1)))
    {
        let ink = if bar { Ink::Text } else { ink };
        canvas.line(&[(x, low), (x, high)], 1.5, ink)?;
        canvas.line(&[(x - 4.0, low), (x + 4.0, low)], 1.5, ink)?;
        canvas.line(&[(x - 4.0, high), (x + 4.0, high)], 1.5, ink)?;
    }
    match style {
        Style::Published => diamond((x, y), ink, canvas),
        Style::Bars => Ok(()),
        _ => mark((x, y), ink, canvas),
    }
}

fn diamond<C: Canvas>((x, y): PixelPoint, ink: Ink, canvas: &mut C) -> Result<(), C::Error> {
    let shape = |r: f64| [(x, y - r), (x + r, y), (x, y + r), (x - r, y)];
    canvas.area(&shape(6.0), ink, 1.0)?;
    canvas.area(&shape(3.5), Ink::Paper, 1.0)
}
