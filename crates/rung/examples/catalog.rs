//! Reads the schema of a database, or compares those of two: `catalog inspect TABLES URL`, `catalog diff TABLES URL URL`.
//! TABLES is how many there must be, so that whoever measures this knows that something was read.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use rung::catalog::{Catalog, Kind};
use rung::engine::{AlterOptions, DumpOptions, Locking};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let read = |tables: &str, url: &str| -> Result<Catalog, Box<dyn std::error::Error>> {
        let catalog = rung::connect(url, &rung::ConnectOptions::default())?.inspect()?;
        let found = catalog.of_kind(Kind::Table).count();
        if found.to_string() == tables {
            Ok(catalog)
        } else {
            Err(format!("{found} tables instead of {tables}").into())
        }
    };
    match arguments.as_slice() {
        ["inspect", tables, url] => println!("{} objects", read(tables, url)?.len()),
        ["diff", tables, from, to] => {
            // One after the other would wait for the server twice.
            let (from, to) = std::thread::scope(|scope| {
                let other = scope.spawn(|| read(tables, to).map_err(|error| error.to_string()));
                (read(tables, from), other.join().unwrap_or_else(|_| Err("a thread panicked".to_owned())))
            });
            let (from, to, dialect) = (from?, to?, rung::dialect_of(arguments[2])?);
            let (renames, locking, compared) = (Vec::new(), Locking::Plain, DumpOptions::default());
            let options = AlterOptions { renames, locking, version: None, compared };
            let alteration = dialect.alteration(&from, &to, &options);
            println!("{} steps", alteration.map_err(|refused| format!("{refused:?}"))?.steps.len());
        }
        _ => return Err("catalog inspect TABLES URL, or catalog diff TABLES URL URL".into()),
    }
    Ok(())
}
