//! `#[derive(Row)]`, `#[derive(Event)]` and `#[derive(FieldEnum)]`: what ties the kinds of a game's
//! schema to its structs.
//!
//! What they write is the traits `Row`, `Event` and `FieldValue` of `tickwire-game`, which exports
//! them and documents their attributes. Whatever cannot be is refused here, where it stands in the
//! game's source: `parse` reads the attributes, `kind` and `field_enum` write the code.

mod field_enum;
mod kind;
mod parse;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use parse::Of;

/// Makes a struct a kind of entity: see the trait of the same name.
#[proc_macro_derive(Row, attributes(row, field))]
pub fn row(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    kind::derive(&input, Of::Row).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes a struct a kind of event: see the trait of the same name.
#[proc_macro_derive(Event, attributes(event, field))]
pub fn event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    kind::derive(&input, Of::Event).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes an enum without fields a type that a field of a row or an event may have: its variants are
/// numbered from 0, in their order.
#[proc_macro_derive(FieldEnum)]
pub fn field_enum(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    field_enum::derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
