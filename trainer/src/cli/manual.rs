//! The manual: a page for each command.

use std::{io, path::Path};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use halfwave_trainer::output::Directory;

use super::Cli;

/// The page of the program, which lists the commands.
pub(crate) fn first() -> io::Result<Vec<u8>> {
    page(Cli::command()).map(|(_, text)| text)
}

/// Writes the pages of all commands; returns the names of their files.
pub(crate) fn write(folder: &Path, force: bool) -> anyhow::Result<Vec<String>> {
    let mut program = Cli::command();
    // It names commands of commands: halfwave-train-rbm.
    program.build();
    let mut pages = Vec::new();
    collect(program, &mut pages).context("a page cannot be made")?;
    let folder = Directory::open(folder, force)?;
    for (name, text) in &pages {
        folder.write(name, |out| out.write_all(text))?;
    }
    let names: Vec<String> = pages.into_iter().map(|(name, _)| name).collect();
    folder.complete(&names)?;
    Ok(names)
}

fn collect(command: Command, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        collect(inner.clone(), pages)?;
    }
    pages.push(page(command)?);
    Ok(())
}

fn page(command: Command) -> io::Result<(String, Vec<u8>)> {
    let page = clap_mangen::Man::new(command);
    let mut text = Vec::new();
    page.render(&mut text)?;
    Ok((page.get_filename(), text))
}
