//! The results as a picture: CPU time over the number of players, a panel for each workload.

use std::path::Path;

use anyhow::anyhow;
use plotters::prelude::*;

use crate::figures::Results;
use crate::options::{Candidate, Workload};

const SIZE: (u32, u32) = (960, 420);
const CANDIDATES: [(Candidate, RGBColor); 3] = [
    (Candidate::Floor, RGBColor(120, 120, 120)),
    (Candidate::Plain, RGBColor(200, 100, 40)),
    (Candidate::Tickwire, RGBColor(30, 100, 200)),
];

/// Writes it as SVG.
pub(crate) fn draw(results: &Results, file: &Path) -> anyhow::Result<()> {
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    for (panel, workload) in
        area.split_evenly((1, 2)).iter().zip([Workload::Room16, Workload::Arena])
    {
        draw_workload(results, workload, panel)
            .map_err(|error| anyhow!("{} cannot be drawn: {error}", file.display()))?;
    }
    area.present().map_err(|error| anyhow!("{} cannot be written: {error}", file.display()))
}

type Panel<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw_workload(
    results: &Results,
    workload: Workload,
    panel: &Panel<'_>,
) -> Result<(), Box<dyn std::error::Error>> {
    let line = |candidate| -> Vec<(f64, f64)> {
        let cases = results.cases().into_iter().filter(|case| case.workload == workload);
        let point = |case: crate::options::Case| {
            let us = results.median(case, candidate, |figures| Some(figures.us_per_player_tick));
            Some((f64::from(case.players), us?))
        };
        cases.filter_map(point).collect()
    };
    let lines = CANDIDATES.map(|(candidate, colour)| (candidate, colour, line(candidate)));
    let all = || lines.iter().flat_map(|(_, _, line)| line);
    let players = all().fold(0.0, |most: f64, (players, _)| most.max(*players));
    if players == 0.0 {
        return Ok(());
    }
    // What sends all to all would press all else to the ground.
    let us = lines[2].2.iter().chain(&lines[0].2).fold(0.0, |most: f64, (_, us)| most.max(*us));
    let us = if us > 0.0 { 2.0 * us } else { all().fold(0.0, |most: f64, (_, us)| most.max(*us)) };
    let mut chart = ChartBuilder::on(panel)
        .caption(format!("{workload}: CPU for each player and tick"), ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..players * 1.05, 0.0..us)?;
    chart.configure_mesh().x_desc("players").y_desc("us").light_line_style(WHITE).draw()?;
    for (candidate, colour, line) in lines {
        if line.is_empty() {
            continue;
        }
        let dots = line.iter().map(|point| Circle::new(*point, 3, colour.filled()));
        chart.draw_series(dots.collect::<Vec<_>>())?;
        chart
            .draw_series(LineSeries::new(line, colour.stroke_width(2)))?
            .label(candidate.to_string())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::{measured, results};

    #[test]
    fn a_picture_has_a_line_for_each_candidate() {
        let results = results(&[
            (100, Candidate::Floor, 0, measured(4.0)),
            (400, Candidate::Floor, 0, measured(5.0)),
            (400, Candidate::Tickwire, 0, measured(7.0)),
        ]);
        let file = std::env::temp_dir().join(format!("bench-plot-{}.svg", std::process::id()));
        draw(&results, &file).unwrap();
        let svg = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(
            svg.contains("tickwire") && svg.contains("floor") && !svg.contains("plain"),
            "{svg}"
        );
    }
}
