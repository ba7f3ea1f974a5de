//! Draws a figure: frame and texts here, series in [`super::marks`].

use super::canvas::{Align, Canvas, Ink, Letters};
use super::font::width;
use super::layout::{Layout, Legend, SMALL, TITLE, named};
use super::marks::{draw_series, swatch};
use super::{Figure, Scale};

/// Draws it all, from the back to the front.
pub(super) fn draw<C: Canvas>(figure: &Figure, canvas: &mut C) -> Result<(), C::Error> {
    let layout = Layout::new(figure);
    canvas.rect((0.0, 0.0), (f64::from(figure.size.0), f64::from(figure.size.1)), Ink::Paper, 1.0)?;
    head(figure, &layout, canvas)?;
    bands(figure, &layout, canvas)?;
    axes(figure, &layout, canvas)?;
    for index in 0..figure.series.len() {
        draw_series(figure, index, &layout, canvas)?;
    }
    legend(figure, &layout, canvas)
}

fn letters(ink: Ink, align: Align) -> Letters {
    Letters { size: SMALL, bold: false, align, ink }
}

fn head<C: Canvas>(figure: &Figure, layout: &Layout, canvas: &mut C) -> Result<(), C::Error> {
    let title = Letters { size: TITLE, bold: true, align: Align::Left, ink: Ink::Text };
    for (line, at) in &layout.title {
        canvas.text(line, (layout.left, *at), title)?;
    }
    for (line, at) in &layout.caption {
        canvas.text(line, (layout.left, *at), letters(Ink::Muted, Align::Left))?;
    }
    let heading = figure.y.heading();
    canvas.text(&heading, (layout.left, layout.y_heading_at), letters(Ink::Text, Align::Left))
}

fn bands<C: Canvas>(figure: &Figure, layout: &Layout, canvas: &mut C) -> Result<(), C::Error> {
    for (from, to) in tinted(figure, layout) {
        canvas.rect((from, layout.corner.1), (to - from, layout.plot.1), Ink::Alarm, 0.09)?;
        canvas.rect((from, layout.corner.1 - 3.0), (to - from, 3.0), Ink::Alarm, 0.8)?;
    }
    // Where the last name ended: names that would touch are left to the table.
    let mut free = f64::NEG_INFINITY;
    for band in &figure.bands {
        let Some(from) = layout.x.share(band.from).filter(|share| (0.0..=1.0).contains(share)) else {
            continue;
        };
        let from = layout.across(from);
        let end = from + width(&band.label, SMALL - 1.0, false);
        if from >= free && end <= layout.across(1.0) + 8.0 {
            let small = Letters { size: SMALL - 1.0, ..letters(Ink::Alarm, Align::Left) };
            canvas.text(&band.label, (from, layout.corner.1 - 6.0), small)?;
            free = end + 8.0;
        }
    }
    Ok(())
}

/// The stretches that lie in any band, from left to right; a moment gets a width that can be seen.
fn tinted(figure: &Figure, layout: &Layout) -> Vec<(f64, f64)> {
    let stretch = |band: &super::Band| {
        let (from, to) = (layout.x.share(band.from)?.max(0.0), layout.x.share(band.to)?.min(1.0));
        (from <= 1.0 && to >= 0.0)
            .then(|| (layout.across(from), layout.across(to).max(layout.across(from) + 1.5)))
    };
    let mut all: Vec<(f64, f64)> = figure.bands.iter().filter_map(stretch).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (from, to) in all {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

fn axes<C: Canvas>(figure: &Figure, layout: &Layout, canvas: &mut C) -> Result<(), C::Error> {
    let (left, top) = layout.corner;
    let (right, bottom) = (left + layout.plot.0, top + layout.plot.1);
    for tick in &layout.y_ticks {
        let Some(share) = layout.y.share(tick.value) else { continue };
        let y = layout.down(share);
        canvas.line(&[(left, y), (right, y)], 1.0, Ink::Grid)?;
        canvas.text(&tick.label, (left - 8.0, y + 4.0), letters(Ink::Muted, Align::Right))?;
    }
    let named_places = matches!(figure.x.scale, Scale::Names(_));
    // Where the last label of each row ended.
    let mut free = [f64::NEG_INFINITY; 2];
    for tick in &layout.x_ticks {
        let Some(share) = layout.x.share(tick.value) else { continue };
        let x = layout.across(share);
        if !named_places {
            canvas.line(&[(x, top), (x, bottom)], 1.0, Ink::Grid)?;
        }
        canvas.line(&[(x, bottom), (x, bottom + 4.0)], 1.0, Ink::Muted)?;
        let half = width(&tick.label, SMALL, false) / 2.0;
        let row = usize::from(layout.staggered && x - half < free[0]);
        if x - half >= free[row] {
            let ink = if named_places { Ink::Text } else { Ink::Muted };
            let y = bottom + 18.0 + 14.0 * row as f64;
            canvas.text(&tick.label, (x, y), letters(ink, Align::Center))?;
            free[row] = x + half + 6.0;
        }
    }
    for x in
        layout.x_marks.iter().filter_map(|value| layout.x.share(*value)).map(|share| layout.across(share))
    {
        canvas.line(&[(x, bottom - 3.0), (x, bottom)], 1.0, Ink::Muted)?;
    }
    for y in layout.y_marks.iter().filter_map(|value| layout.y.share(*value)).map(|share| layout.down(share))
    {
        canvas.line(&[(left, y), (left + 3.0, y)], 1.0, Ink::Muted)?;
    }
    canvas.line(&[(left, bottom), (right, bottom)], 1.0, Ink::Muted)?;
    let middle = left + layout.plot.0 / 2.0;
    canvas.text(
        &figure.x.heading(),
        (middle, bottom + if layout.staggered { 48.0 } else { 36.0 }),
        letters(Ink::Text, Align::Center),
    )
}

fn legend<C: Canvas>(figure: &Figure, layout: &Layout, canvas: &mut C) -> Result<(), C::Error> {
    match &layout.legend {
        Legend::None => Ok(()),
        Legend::Above(entries) => {
            for (index, (x, y)) in entries {
                let series = &figure.series[*index];
                swatch(series.style, Ink::Series(figure.color_of(*index)), (*x - 22.0, *y - 4.0), canvas)?;
                canvas.text(&series.name, (*x, *y), letters(Ink::Text, Align::Left))?;
            }
            Ok(())
        }
        Legend::Beside => beside(figure, layout, canvas),
    }
}

/// Names at the ends of lines, moved apart where they would touch.
fn beside<C: Canvas>(figure: &Figure, layout: &Layout, canvas: &mut C) -> Result<(), C::Error> {
    let end = |(index, series): (usize, &super::Series)| {
        let mut places = series.points.iter().filter_map(|point| layout.place(point.x, point.y));
        places.next_back().map(|(_, y)| (y, index))
    };
    let mut ends: Vec<(f64, usize)> = named(figure).filter_map(end).collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let step = SMALL + 4.0;
    let bottom = layout.corner.1 + layout.plot.1;
    for at in 1..ends.len() {
        ends[at].0 = ends[at].0.max(ends[at - 1].0 + step);
    }
    let mut limit = bottom;
    for (y, _) in ends.iter_mut().rev() {
        *y = y.min(limit);
        limit = *y - step;
    }
    let x = layout.corner.0 + layout.plot.0 + 8.0;
    for (y, index) in ends {
        let ink = Ink::Series(figure.color_of(index));
        canvas.text(&figure.series[index].name, (x, y + 4.0), letters(ink, Align::Left))?;
    }
    Ok(())
}
