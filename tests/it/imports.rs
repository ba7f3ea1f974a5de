//! Which module of a crate imports which, read from the sources: no circles, and what must not know the world does not.

use std::path::Path;

use sim_core::ordered::{OrderedMap, OrderedSet};

use crate::tidy::sources;

/// For each module at the top of a crate, the others that it imports, each with a file that does so.
type Imports = OrderedMap<String, OrderedMap<String, String>>;

/// Circles that there still are: the crate, the modules, and the reason. A circle on the list may lose members; a new one
/// needs a better design, not an entry.
const CIRCLES: [(&str, &[&str], &str); 0] = [];

/// Modules that must be usable without a world, and modules that are below the typed world.
const BELOW: [(&str, &[&str]); 3] = [
    ("history", &["check", "fault", "ground", "kernel", "network", "outcome", "registry", "setup", "world"]),
    ("stats", &["check", "fault", "ground", "kernel", "network", "outcome", "process", "setup", "world"]),
    ("kernel", &["registry", "runs", "world"]),
];

/// The part of a source that is compiled outside of tests, without comments.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The names that follow each `prefix`, as in `crate::time::Time` or `crate::{time, queue::key}`.
fn names_after(code: &str, prefix: &str) -> OrderedSet<String> {
    let mut names = OrderedSet::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let name = |text: &str| {
            let text = text.trim_start();
            let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
            text[..end].to_owned()
        };
        match rest.strip_prefix('{') {
            None => names.extend([name(rest)]),
            Some(group) => names.extend(top_level(group).map(name)),
        }
    }
    names
}

/// The items of a group, up to its closing brace; what is grouped within them is not looked into.
fn top_level(group: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    let end = group.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth < 0
    });
    let mut depth = 0;
    group[..end.unwrap_or(group.len())].split(move |c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    })
}

/// The folders of the crates whose modules are layers.
fn crates() -> Vec<String> {
    // The phases of a protocol are parts of one state machine, and know each other.
    ["sim-core", "scenarios", "reports"].map(str::to_owned).to_vec()
}

/// What the modules at the top of a crate import of each other.
fn imports(krate: &str) -> Imports {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(krate).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let module_of = |file: &Path| {
        let path = file.strip_prefix(&root).expect("it was found there").with_extension("");
        path.iter().map(|part| part.to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    let modules: OrderedSet<String> = files.iter().map(|file| module_of(file).remove(0)).collect();
    let mut imports = Imports::new();
    for file in &files {
        let path = module_of(file);
        let top = &path[0];
        if top == "lib" || top == "main" || path.iter().any(|part| part == "tests") {
            continue;
        }
        let text = std::fs::read_to_string(file).expect("a source is text");
        let code = code(&text);
        let mut named = names_after(&code, "crate::");
        named.extend(names_after(&code, &"super::".repeat(path.len())));
        for other in named.into_iter().filter(|name| name != top && modules.contains(name)) {
            imports.entry(top.clone()).or_default().entry(other).or_insert_with(|| path.join("/") + ".rs");
        }
    }
    imports
}

/// Everything that a module imports, directly or through others.
fn reached(imports: &Imports, from: &str) -> OrderedSet<String> {
    let mut reached = OrderedSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(module) = open.pop() {
        for other in imports.get(&module).into_iter().flat_map(OrderedMap::keys) {
            if reached.insert(other.clone()) {
                open.push(other.clone());
            }
        }
    }
    reached
}

/// The modules that import each other in a circle, in groups.
fn circles(imports: &Imports) -> OrderedSet<Vec<String>> {
    let reach: OrderedMap<&String, OrderedSet<String>> =
        imports.keys().map(|module| (module, reached(imports, module))).collect();
    let circle = |module: &String| {
        let back = |other: &&String| reach.get(other).is_some_and(|reached| reached.contains(module));
        reach[module].iter().filter(back).cloned().collect::<Vec<_>>()
    };
    imports.keys().map(circle).filter(|circle| !circle.is_empty()).collect()
}

/// The imports within a circle, with a file for each.
fn told(imports: &Imports, circle: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for module in circle {
        for (other, file) in
            imports.get(module).into_iter().flatten().filter(|(other, _)| circle.contains(other))
        {
            lines.push(format!("{module} -> {other} ({file})"));
        }
    }
    lines
}

#[test]
fn modules_import_each_other_in_no_new_circle() {
    for krate in crates() {
        let imports = imports(&krate);
        let circles = circles(&imports);
        let known = || CIRCLES.iter().filter(|(of, ..)| *of == krate);
        for circle in &circles {
            let listed =
                known().any(|(_, members, _)| circle.iter().all(|module| members.contains(&module.as_str())));
            assert!(listed, "{krate} has a new circle of imports: {:#?}", told(&imports, circle));
        }
        for (_, members, reason) in known() {
            let stands =
                circles.iter().any(|circle| circle.iter().any(|one| members.contains(&one.as_str())));
            assert!(
                stands,
                "{krate} has no circle among {members:?} any more: take it off the list ({reason})"
            );
        }
    }
}

#[test]
fn what_is_below_the_world_does_not_import_it() {
    let imports = imports("sim-core");
    for (module, above) in BELOW {
        assert!(imports.contains_key(module), "{module} is a module that imports others");
        let reached = reached(&imports, module);
        let wrong: Vec<_> = above.iter().filter(|above| reached.contains(**above)).collect();
        assert!(wrong.is_empty(), "{module} must not depend on {wrong:?}");
    }
}

#[test]
fn imports_are_read_from_sources() {
    let code = code(
        "use crate::time::Time;\nuse crate::{queue::{key, time_of}, slab};\n// crate::no\n\
         fn f() { crate::digest::fold(); mycrate::other::f() }\n#[cfg(test)]\nmod tests { use crate::world; }",
    );
    let names: Vec<_> = names_after(&code, "crate::").into_iter().collect();
    assert_eq!(names, ["digest", "queue", "slab", "time"]);
    assert_eq!(names_after("use super::super::kernel::K;", "super::super::").len(), 1);
    assert!(names_after("use super::super::kernel::K;", "super::").contains("super"));
}

#[test]
fn a_circle_is_found() {
    let import =
        |from: &str, to: &str| (from.to_owned(), OrderedMap::from([(to.to_owned(), "file.rs".to_owned())]));
    let graph = Imports::from([import("a", "b"), import("b", "c"), import("c", "a"), import("d", "a")]);
    let found: Vec<_> = circles(&graph).into_iter().collect();
    assert_eq!(found, [["a", "b", "c"]]);
    assert_eq!(told(&graph, &found[0]).len(), 3);
}
