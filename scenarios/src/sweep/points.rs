//! From a sweep file to its points: every combination of the grid's values, each a scenario that its protocol accepts.

use serde_json::{Value, json};
use sim_core::ordered::OrderedMap;
use sim_core::registry::Registry;

use super::{PlannedPoint, Seeds, Sweep, SweepFile, asked, grid};
use crate::document::{Complaint, Document, Format, Places, Source};
use crate::problem::{Problem, Problems};
use crate::scenario::{Loaded, from_document, hash};

/// More points are a mistake.
const MOST_POINTS: usize = 10_000;

/// More combinations than this are not looked through for those that are not excluded.
const MOST_COMBINATIONS: usize = 1_000_000;

/// A sweep file that was read, before the scenarios are known that it names.
#[derive(Clone, Debug)]
pub struct Draft {
    name: String,
    file: SweepFile,
    places: Places,
}

/// A key with its values, and where each value stands.
struct Axis {
    key: String,
    values: Vec<(Value, Places)>,
}

impl Draft {
    /// Reads a sweep file.
    ///
    /// # Errors
    /// If it is none, with the place.
    pub fn parse(source: Source) -> Result<Self, Problems> {
        let (name, format) = (source.name.clone(), Format::of_name(&source.name));
        let document = Document::parse(source, format)?;
        let read = Complaint::read(&document.value);
        let file: SweepFile = read.map_err(|complaint| complaint.explain(&document.places))?;
        let draft = Self { name, file, places: document.places };
        draft.check()?;
        Ok(draft)
    }

    /// The scenarios that it names: built-in ones, or files beside it.
    pub fn scenarios(&self) -> impl Iterator<Item = &str> {
        self.file.bases.iter().filter_map(|base| base.scenario.as_deref())
    }

    /// What the file says.
    pub fn file(&self) -> &SweepFile {
        &self.file
    }

    /// Other seeds than those of the file.
    pub fn set_seeds(&mut self, seeds: Seeds) {
        self.file.seeds = seeds;
    }

    fn check(&self) -> Result<(), Problems> {
        if self.file.bases.is_empty() {
            return Err(Problem::new("the sweep has no [[base]]")
                .at(self.places.value_at(&["schema"]))
                .into());
        }
        if self.file.latin.is_some_and(|latin| !(1..=MOST_POINTS as u32).contains(&latin.points)) {
            let title = format!("a Latin hypercube has 1 to {MOST_POINTS} points");
            return Err(Problem::new(title).at(self.places.value_at(&["latin", "points"])).into());
        }
        for (index, base) in self.file.bases.iter().enumerate() {
            let at = |key: &str| self.places.value_at(&["base", &index.to_string(), key]);
            if base.scenario.is_some() == base.inline.is_some() {
                let title =
                    "a base has either `scenario`, a name or a file, or `inline`, the scenario itself";
                return Err(Problem::new(title).at(at("label")).into());
            }
            if self.file.bases[..index].iter().any(|other| other.label == base.label) {
                let title = format!("two bases have the label \"{}\"", base.label);
                return Err(Problem::new(title).at(at("label")).into());
            }
            if !(base.tolerance.is_finite() && base.tolerance > 0.0) {
                return Err(Problem::new("a tolerance must be above zero").at(at("tolerance")).into());
            }
        }
        Ok(())
    }

    /// Makes every point, given the text of each scenario that the file names.
    ///
    /// # Errors
    /// What is wrong with the grid or with a scenario at a point of it; the error names key and value.
    pub fn build(self, registry: &Registry, sources: &OrderedMap<String, Source>) -> Result<Sweep, Problems> {
        let mut points = Vec::new();
        for index in 0..self.file.bases.len() {
            self.points_of(registry, index, sources, &mut points)?;
        }
        let mut sweep = Sweep { name: self.name, file: self.file, points, hash: String::new() };
        asked::check(&sweep, &self.places)?;
        sweep.hash = sweep_hash(&sweep);
        Ok(sweep)
    }

    fn points_of(
        &self,
        registry: &Registry,
        index: usize,
        sources: &OrderedMap<String, Source>,
        points: &mut Vec<PlannedPoint>,
    ) -> Result<(), Problems> {
        let own = ["base".to_owned(), index.to_string(), "grid".to_owned()];
        let axes =
            self.axes(&[(&self.file.grid, &["grid".to_owned()]), (&self.file.bases[index].grid, &own)])?;
        let excludes = self.grids("exclude", &self.file.excludes)?;
        let document = self.base_document(index, sources)?;
        let lengths: Vec<usize> = axes.iter().map(|axis| axis.values.len()).collect();
        let whole = self.file.latin.is_none() && excludes.is_empty();
        let all = lengths.iter().copied().try_fold(1, usize::checked_mul);
        if whole && all.and_then(|own| own.checked_add(points.len())).is_none_or(|all| all > MOST_POINTS) {
            return Err(self.too_many());
        }
        let chosen: Box<dyn Iterator<Item = Vec<usize>>> = match self.file.latin {
            Some(latin) => Box::new(grid::latin(&lengths, latin).into_iter()),
            None => Box::new(grid::all(&lengths)),
        };
        let first = points.len();
        self.grid_points(registry, (index, &document), &axes, chosen, &excludes, points)?;
        for axes in self.grids("include", &self.file.includes)? {
            let lengths: Vec<usize> = axes.iter().map(|axis| axis.values.len()).collect();
            self.grid_points(registry, (index, &document), &axes, grid::all(&lengths), &[], points)?;
        }
        let twice = (first + 1..points.len())
            .find(|place| points[first..*place].iter().any(|other| other.at == points[*place].at));
        twice.map_or(Ok(()), |place| {
            let at: Vec<String> =
                points[place].at.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            let title = format!("the point {} is there twice", at.join(", "));
            Err(Problem::new(title).at(self.places.value_at(&["include"])).into())
        })
    }

    fn too_many(&self) -> Problems {
        let title = format!("the grid has more than {MOST_POINTS} points");
        Problem::new(title).at(self.places.value_at(&["grid"])).into()
    }

    /// Adds the points at these places of a grid that are not excluded.
    fn grid_points(
        &self,
        registry: &Registry,
        (index, document): (usize, &Document),
        axes: &[Axis],
        places: impl Iterator<Item = Vec<usize>>,
        excludes: &[Vec<Axis>],
        points: &mut Vec<PlannedPoint>,
    ) -> Result<(), Problems> {
        let mut looked_at = 0_usize;
        for places in places {
            looked_at += 1;
            let chosen: Vec<(&Axis, usize)> = axes.iter().zip(places).collect();
            if points.len() == MOST_POINTS || looked_at > MOST_COMBINATIONS {
                return Err(self.too_many());
            }
            if !excludes.iter().any(|exclude| excluded(exclude, &chosen)) {
                points.push(self.point(registry, index, document.clone(), &chosen)?);
            }
        }
        Ok(())
    }

    /// Each table of a list as a grid.
    fn grids(&self, name: &str, tables: &[Value]) -> Result<Vec<Vec<Axis>>, Problems> {
        let grids = tables.iter().enumerate().map(|(number, table)| {
            let path = [name.to_owned(), number.to_string()];
            let axes = self.axes(&[(table, &path)])?;
            if axes.is_empty() {
                let title = format!("an [[{name}]] names at least one key with its values");
                return Err(Problem::new(title)
                    .at(self.places.value_at(&[name, &number.to_string()]))
                    .into());
            }
            Ok(axes)
        });
        grids.collect()
    }

    /// The keys of grids in alphabetical order; a later grid has other values for a key of an earlier one.
    fn axes(&self, grids: &[(&Value, &[String])]) -> Result<Vec<Axis>, Problems> {
        let mut axes: OrderedMap<String, Axis> = OrderedMap::new();
        for (grid, path) in grids {
            let (places, followed) = self.places.follow(path);
            if followed == path.len() {
                flatten(grid, places, &mut Vec::new(), &mut axes)?;
            }
        }
        Ok(axes.into_values().collect())
    }

    fn base_document(
        &self,
        index: usize,
        sources: &OrderedMap<String, Source>,
    ) -> Result<Document, Problems> {
        let (base, number) = (&self.file.bases[index], index.to_string());
        let mut document = match (&base.inline, &base.scenario) {
            (Some(value), _) => {
                let (places, _) = self.places.follow(&["base", &number, "inline"]);
                Document { value: value.clone(), places: places.clone() }
            }
            (None, name) => {
                let named = name.as_ref().and_then(|name| sources.get(name));
                let missing = || {
                    let title = format!("unknown scenario \"{}\"", name.as_deref().unwrap_or_default());
                    Problem::new(title).at(self.places.value_at(&["base", &number, "scenario"]))
                };
                let source = named.cloned().ok_or_else(missing)?;
                let format = Format::of_name(&source.name);
                Document::parse(source, format)?
            }
        };
        for (key, value) in &base.set {
            let (places, _) = self.places.follow(&["base", &number, "set", key]);
            document.place(key, value.clone(), places.clone())?;
        }
        Ok(document)
    }

    fn point(
        &self,
        registry: &Registry,
        index: usize,
        mut document: Document,
        chosen: &[(&Axis, usize)],
    ) -> Result<PlannedPoint, Problems> {
        let base = &self.file.bases[index];
        let mut at = Vec::new();
        for (axis, place) in chosen {
            let (value, places) = &axis.values[*place];
            document.place(&axis.key, value.clone(), places.clone())?;
            at.push((axis.key.clone(), value.clone()));
        }
        let named = at.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ");
        let told = |mut problems: Problems| {
            let point = if named.is_empty() { String::new() } else { format!(" at {named}") };
            if let Some(first) = problems.list.first_mut() {
                first.notes.push(format!("in the sweep's scenario \"{}\"{point}", base.label));
            }
            problems
        };
        let loaded = from_document(registry, base.label.clone(), document).map_err(told)?;
        self.check_base(index, &loaded)?;
        Ok(PlannedPoint { base: index, at, loaded })
    }

    /// Whether what a base counts by exists, and its plants.
    fn check_base(&self, index: usize, loaded: &Loaded) -> Result<(), Problems> {
        let (base, number) = (&self.file.bases[index], index.to_string());
        let at = |key: &str| self.places.value_at(&["base", &number, key]);
        let observed = loaded.protocol.observations.iter().map(|kind| format!("observed.{kind}"));
        let operations = ["operations.invoked", "operations.returned", "operations.succeeded"];
        let counters: Vec<String> = operations.map(str::to_owned).into_iter().chain(observed).collect();
        if let Some(per) = base.per.as_ref().filter(|per| !counters.contains(per)) {
            let problem = Problem::new(format!("unknown counter \"{per}\"")).at(at("per"));
            return Err(problem.suggest(per, counters.iter().map(String::as_str)).into());
        }
        let known = loaded.protocol.plants.iter().map(|plant| plant.name);
        let unknown = base.plants.iter().find(|plant| !known.clone().any(|name| name == **plant));
        unknown.map_or(Ok(()), |plant| {
            let problem = Problem::new(format!("unknown plant \"{plant}\"")).at(at("plants"));
            Err(problem.suggest(plant, known).into())
        })
    }
}

/// Whether a point has, of each key of a table, one of its values.
fn excluded(exclude: &[Axis], chosen: &[(&Axis, usize)]) -> bool {
    exclude.iter().all(|axis| {
        let own = chosen.iter().find(|(swept, _)| swept.key == axis.key);
        own.is_some_and(|(swept, place)| {
            axis.values.iter().any(|(value, _)| *value == swept.values[*place].0)
        })
    })
}

/// Finds the lists of values in a grid: `"cluster.nodes" = [..]` and `cluster.nodes = [..]` mean the same key.
fn flatten(
    value: &Value,
    places: &Places,
    path: &mut Vec<String>,
    axes: &mut OrderedMap<String, Axis>,
) -> Result<(), Problems> {
    let key = path.join(".");
    let refuse = |title: String| Err(Problem::new(title).at(places.value.clone()).into());
    match value {
        Value::Object(table) => {
            for (name, inner) in table {
                path.push(name.clone());
                flatten(inner, places.follow(&[name]).0, path, axes)?;
                path.pop();
            }
            Ok(())
        }
        Value::Array(values) if values.is_empty() => refuse(format!("{key} has no values")),
        Value::Array(values) => {
            let twice = (1..values.len()).find(|at| values[..*at].contains(&values[*at]));
            if let Some(at) = twice {
                return refuse(format!("{key} has the value {} twice", values[at]));
            }
            let place = |index: usize| {
                let mut place = places.follow(&[index.to_string()]).0.clone();
                place.key.clone_from(&places.key);
                place
            };
            let values = values.iter().enumerate().map(|(index, value)| (value.clone(), place(index)));
            axes.insert(key.clone(), Axis { key, values: values.collect() });
            Ok(())
        }
        _ => refuse(format!("{key} must have a list of values, as in [3, 5, 7]")),
    }
}

/// Equal sweeps have equal hashes: what is run, over which seeds, and how it is told.
fn sweep_hash(sweep: &Sweep) -> String {
    let point =
        |point: &PlannedPoint| json!({ "base": point.base, "at": point.at, "scenario": point.loaded.hash });
    hash(&json!({
        "file": sweep.file,
        "points": sweep.points.iter().map(point).collect::<Vec<_>>(),
    }))
}
