//! `schema`: the JSON Schema of a scenario, for editors.

use sim_core::registry::Registry;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;

/// Prints the schema; it is a JSON document in any case.
pub(crate) fn schema(registry: &Registry, terminal: &Terminal) -> Result<Exit, CliError> {
    let schema = scenarios::schema::scenario(registry);
    terminal.result(|| schema.clone(), &format!("{schema:#}\n"))?;
    Ok(Exit::AsExpected)
}
