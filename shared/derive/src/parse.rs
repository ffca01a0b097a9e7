//! Reads the attributes of a kind and of its fields, and refuses what cannot be.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Fields, Ident, LitStr, Path, RangeLimits, Result,
    Token, Type, parenthesized,
};

/// What a struct is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Row,
    Event,
}

impl Of {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Of::Row => "row",
            Of::Event => "event",
        }
    }

    fn derive(self) -> &'static str {
        match self {
            Of::Row => "Row",
            Of::Event => "Event",
        }
    }
}

/// A kind as its struct says it.
pub(crate) struct KindAttr {
    pub(crate) name: String,
    pub(crate) place: Option<[u8; 2]>,
    pub(crate) fields: Vec<FieldAttr>,
}

/// A field as its attribute says it.
pub(crate) struct FieldAttr {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) shape: ShapeAttr,
    pub(crate) unit: Option<Expr>,
    pub(crate) motion: Option<MotionAttr>,
    pub(crate) names: Option<Named>,
    pub(crate) origin: Option<Named>,
}

/// Which numbers a field has.
pub(crate) enum ShapeAttr {
    /// Those of its type.
    Type,
    Range(Box<RangeAttr>),
    Angle {
        bits: Expr,
    },
}

/// From where to where, both included, and how fine.
pub(crate) struct RangeAttr {
    pub(crate) low: Expr,
    pub(crate) high: Expr,
    pub(crate) step: Option<Expr>,
}

/// How a field moves; other fields by their index.
pub(crate) enum MotionAttr {
    Hold,
    Linear,
    By(u8),
    Approach(u8, Expr),
    Along(u8, Expr, AxisAttr),
}

#[derive(Clone, Copy)]
pub(crate) enum AxisAttr {
    X,
    Y,
}

/// A field of another kind: `Ship::player`.
pub(crate) struct Named {
    pub(crate) kind: Path,
    pub(crate) field: Ident,
}

const KNOWN: &str = "`range`, `step`, `angle`, `bits`, `unit`, `hold`, `linear`, `moves_by`, \
                     `approach`, `along`, `names` and `origin`";

/// What may be said of a field, before it is known to be whole.
#[derive(Default)]
struct Said {
    /// The words that it was said by.
    words: Vec<String>,
    /// Its ends, and all of it for what is to be said of it.
    range: Option<(Expr, Expr, TokenStream)>,
    step: Option<Expr>,
    angle: Option<Span>,
    bits: Option<Expr>,
    unit: Option<Expr>,
    motion: Option<MotionAttr>,
    names: Option<Named>,
    origin: Option<Named>,
}

impl KindAttr {
    pub(crate) fn parse(input: &DeriveInput, of: Of) -> Result<KindAttr> {
        let name = &input.ident;
        let Data::Struct(data) = &input.data else {
            return Err(Error::new_spanned(
                name,
                format!("`{}` is for structs: a kind is a struct with named fields", of.derive()),
            ));
        };
        if !input.generics.params.is_empty() {
            let words = "a kind has no generic parameters: each stands for one entry of the schema";
            return Err(Error::new_spanned(&input.generics, words));
        }
        if let Fields::Unnamed(fields) = &data.fields {
            let words = "a kind's fields have names: they are the names in the schema";
            return Err(Error::new_spanned(fields, words));
        }
        if data.fields.is_empty() && of == Of::Row {
            let words = format!("`{name}` has no fields: a row without any has nothing to show");
            return Err(Error::new_spanned(name, words));
        }
        let idents: Vec<_> = data.fields.iter().filter_map(|field| field.ident.clone()).collect();
        let names = FieldNames { kind: name, idents: &idents };
        let fields = data.fields.iter().zip(&idents);
        let fields: Vec<_> = fields
            .map(|(field, ident)| FieldAttr::parse(field, ident, &names))
            .collect::<Result<_>>()?;
        refuse_circles(&fields)?;
        refuse_lost_origins(&fields)?;
        let mut kind =
            KindAttr { name: snake_case(&name.unraw().to_string()), place: None, fields };
        kind.parse_attributes(&input.attrs, of, &names)?;
        Ok(kind)
    }

    fn parse_attributes(
        &mut self,
        attrs: &[Attribute],
        of: Of,
        names: &FieldNames<'_>,
    ) -> Result<()> {
        let (word, mut said) = (of.word(), Vec::new());
        for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident(word)) {
            attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
                refuse_twice(&meta, &name, &mut said)?;
                if meta.path.is_ident("name") {
                    self.name = meta.value()?.parse::<LitStr>()?.value();
                } else if meta.path.is_ident("place") {
                    let content;
                    parenthesized!(content in meta.input);
                    let x: Ident = Ident::parse_any(&content)?;
                    content.parse::<Token![,]>()?;
                    let y: Ident = Ident::parse_any(&content)?;
                    self.place = Some([names.index(&x)?, names.index(&y)?]);
                } else {
                    return Err(meta.error(format!(
                        "`#[{word}(…)]` knows `place(x, y)` and `name = \"…\"`; what is said of a \
                         field stands at the field, in `#[field(…)]`"
                    )));
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// Notes that a word is said, and refuses one that was said before: only one of both could count.
fn refuse_twice(meta: &ParseNestedMeta<'_>, word: &str, said: &mut Vec<String>) -> Result<()> {
    if said.iter().any(|before| before == word) {
        return Err(meta.error(format!("`{word}` is said twice")));
    }
    said.push(word.to_owned());
    Ok(())
}

/// The fields of a kind, to be found by name.
struct FieldNames<'a> {
    kind: &'a Ident,
    idents: &'a [Ident],
}

impl FieldNames<'_> {
    fn index(&self, name: &Ident) -> Result<u8> {
        let at = self.idents.iter().position(|ident| ident == name);
        let at = at.and_then(|at| u8::try_from(at).ok());
        at.ok_or_else(|| {
            let known: Vec<_> = self.idents.iter().map(|ident| format!("`{ident}`")).collect();
            let words = format!(
                "`{}` has no field `{name}`; its fields are {}",
                self.kind,
                known.join(", ")
            );
            Error::new(name.span(), words)
        })
    }
}

impl FieldAttr {
    fn parse(field: &syn::Field, ident: &Ident, names: &FieldNames<'_>) -> Result<FieldAttr> {
        let mut said = Said::default();
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("field")) {
            attribute.parse_nested_meta(|meta| said.take(&meta, names))?;
        }
        let shape = said.shape(ident, &field.ty)?;
        let Said { unit, motion, names, origin, .. } = said;
        Ok(FieldAttr {
            ident: ident.clone(),
            ty: field.ty.clone(),
            shape,
            unit,
            motion,
            names,
            origin,
        })
    }
}

impl Said {
    fn take(&mut self, meta: &ParseNestedMeta<'_>, names: &FieldNames<'_>) -> Result<()> {
        let word = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        refuse_twice(meta, &word, &mut self.words)?;
        match word.as_str() {
            "range" => self.range = Some(parse_range(meta.value()?)?),
            "step" => self.step = Some(meta.value()?.parse()?),
            "angle" => self.angle = Some(meta.path.span()),
            "bits" => self.bits = Some(meta.value()?.parse()?),
            "unit" => self.unit = Some(meta.value()?.parse()?),
            "hold" => self.moves(meta, MotionAttr::Hold)?,
            "linear" => self.moves(meta, MotionAttr::Linear)?,
            "moves_by" => {
                let by = names.index(&Ident::parse_any(meta.value()?)?)?;
                self.moves(meta, MotionAttr::By(by))?;
            }
            "approach" => {
                let content;
                parenthesized!(content in meta.input);
                let of = names.index(&Ident::parse_any(&content)?)?;
                let rate = parse_named(&content, "per_second")?.parse()?;
                self.moves(meta, MotionAttr::Approach(of, rate))?;
            }
            "along" => {
                let content;
                parenthesized!(content in meta.input);
                let of = names.index(&Ident::parse_any(&content)?)?;
                let rate = parse_named(&content, "per_second")?.parse()?;
                let axis: Ident = parse_named(&content, "axis")?.parse()?;
                let axis = match axis.to_string().as_str() {
                    "x" => AxisAttr::X,
                    "y" => AxisAttr::Y,
                    _ => return Err(Error::new(axis.span(), "an axis is `x` or `y`")),
                };
                self.moves(meta, MotionAttr::Along(of, rate, axis))?;
            }
            "names" => self.names = Some(parse_other(meta.value()?)?),
            "origin" => self.origin = Some(parse_other(meta.value()?)?),
            _ => {
                let words = format!("`{word}` is not known: `#[field(…)]` knows {KNOWN}");
                return Err(meta.error(words));
            }
        }
        Ok(())
    }

    fn moves(&mut self, meta: &ParseNestedMeta<'_>, motion: MotionAttr) -> Result<()> {
        match self.motion.replace(motion) {
            None => Ok(()),
            Some(_) => Err(meta.error("a field moves in one way: it has two")),
        }
    }

    fn shape(&mut self, ident: &Ident, ty: &Type) -> Result<ShapeAttr> {
        let plain = plain_type(ty);
        let is_float = matches!(plain.as_str(), "f32" | "f64");
        let is_whole = matches!(plain.as_str(), "i8" | "i16" | "i32" | "u8" | "u16" | "u32");
        if matches!(plain.as_str(), "i64" | "u64" | "i128" | "u128" | "isize" | "usize") {
            let words = format!(
                "`{plain}` cannot be a field: a field has at most 32 bits; `i32` and `u32` are the largest"
            );
            return Err(Error::new_spanned(ty, words));
        }
        if matches!(plain.as_str(), "String" | "str" | "Vec" | "Option" | "Box") {
            let words = format!(
                "`{plain}` cannot be a field: a row is sent as whole numbers, as many for each of its \
                 kind. Texts and lists belong into the level; what may be missing has a number that \
                 says so, or a row of its own"
            );
            return Err(Error::new_spanned(ty, words));
        }
        if let Some(angle) = self.angle {
            if is_whole || matches!(plain.as_str(), "bool" | "PlayerId" | "EntityId") {
                let words =
                    format!("an angle is an `f32` or an `f64`, in radians; `{ident}` is not");
                return Err(Error::new_spanned(ty, words));
            }
            if self.range.is_some() || self.step.is_some() {
                let words = "an angle has `bits` alone: its range is a turn";
                return Err(Error::new(angle, words));
            }
            let Some(bits) = self.bits.take() else {
                let words = "how fine is it? `#[field(angle, bits = 10)]` has 1024 steps a turn";
                return Err(Error::new(angle, words));
            };
            return Ok(ShapeAttr::Angle { bits });
        }
        if let Some(bits) = &self.bits {
            let words = "`bits` goes with `angle`; other fields have a `range` and a `step`";
            return Err(Error::new_spanned(bits, words));
        }
        let Some((low, high, range)) = self.range.take() else {
            if is_float {
                let words = format!(
                    "`{ident}` needs a range and a step: `#[field(range = -20.0..=20.0, step = 1.0 / 64.0)]`, \
                     or `#[field(angle, bits = 10)]` if it is one"
                );
                return Err(Error::new_spanned(ty, words));
            }
            if matches!(plain.as_str(), "i32" | "u32") {
                let words = format!(
                    "`{ident}` needs a range: `#[field(range = 0..=1000)]`; types of up to 16 bits have \
                     one of their own"
                );
                return Err(Error::new_spanned(ty, words));
            }
            if let Some(step) = &self.step {
                return Err(Error::new_spanned(step, "a `step` goes with a `range`"));
            }
            return Ok(ShapeAttr::Type);
        };
        if plain == "bool" {
            return Err(Error::new_spanned(range, "a `bool` has its range already"));
        }
        if is_float && self.step.is_none() {
            let words =
                format!("how fine is `{ident}`? Its `step` is missing: `step = 1.0 / 64.0`");
            return Err(Error::new_spanned(range, words));
        }
        Ok(ShapeAttr::Range(Box::new(RangeAttr { low, high, step: self.step.take() })))
    }
}

/// The last word of a type's name, as far as it is a plain path.
fn plain_type(ty: &Type) -> String {
    match ty {
        Type::Path(path) => {
            path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
        }
        Type::Reference(reference) => plain_type(&reference.elem),
        _ => String::new(),
    }
}

fn parse_range(input: ParseStream<'_>) -> Result<(Expr, Expr, TokenStream)> {
    let expr: Expr = input.parse()?;
    let tokens = expr.to_token_stream();
    let words = "a range is `low..=high`, both ends included";
    let Expr::Range(range) = expr else { return Err(Error::new_spanned(tokens, words)) };
    match (range.start, range.limits, range.end) {
        (Some(low), RangeLimits::Closed(_), Some(high)) => Ok((*low, *high, tokens)),
        _ => Err(Error::new_spanned(tokens, words)),
    }
}

/// Goes on to the value of `, name = value`.
fn parse_named<'a>(input: ParseStream<'a>, name: &str) -> Result<ParseStream<'a>> {
    input
        .parse::<Token![,]>()
        .map_err(|error| Error::new(error.span(), format!("`{name}` is missing")))?;
    let found: Ident = input.parse()?;
    if found != name {
        return Err(Error::new(found.span(), format!("here is to be `{name} = …`")));
    }
    input.parse::<Token![=]>()?;
    Ok(input)
}

fn parse_other(input: ParseStream<'_>) -> Result<Named> {
    let mut path: Path = input.parse()?;
    let words = "a field of another kind is said as `Ship::player`";
    let whole = Error::new_spanned(&path, words);
    if path.segments.len() < 2 {
        return Err(whole);
    }
    let field = path.segments.pop();
    path.segments.pop_punct();
    match field {
        Some(field) if field.arguments.is_none() => Ok(Named { kind: path, field: field.ident }),
        _ => Err(whole),
    }
}

/// What a field is predicted from must not be predicted from it.
fn refuse_circles(fields: &[FieldAttr]) -> Result<()> {
    let needs = |at: usize| match &fields[at].motion {
        Some(MotionAttr::By(of) | MotionAttr::Approach(of, _) | MotionAttr::Along(of, ..)) => {
            Some(usize::from(*of))
        }
        _ => None,
    };
    for (start, field) in fields.iter().enumerate() {
        let mut next = needs(start);
        for _ in 0..fields.len() {
            match next {
                Some(at) if at == start => {
                    let words = format!("`{}` is predicted from itself, in a circle", field.ident);
                    return Err(Error::new(field.ident.span(), words));
                }
                Some(at) => next = needs(at),
                None => break,
            }
        }
    }
    Ok(())
}

/// Where a row begins is where that one is which its first field with `names` names.
fn refuse_lost_origins(fields: &[FieldAttr]) -> Result<()> {
    let named = fields.iter().find_map(|field| field.names.as_ref());
    for origin in fields.iter().filter_map(|field| field.origin.as_ref()) {
        let Some(named) = named else {
            let words = "an `origin` needs a field with `names`, which says of which row";
            return Err(Error::new(origin.field.span(), words));
        };
        if words_of(&named.kind) != words_of(&origin.kind) {
            let words =
                "an `origin` is in the row that the first field with `names` names: of that kind";
            return Err(Error::new_spanned(&origin.kind, words));
        }
    }
    Ok(())
}

fn words_of(path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        if letter.is_uppercase() {
            let after_small = at > 0 && !letters[at - 1].is_uppercase();
            let before_small = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
            if at > 0 && letters[at - 1] != '_' && (after_small || before_small) {
                snake.push('_');
            }
            snake.extend(letter.to_lowercase());
        } else {
            snake.push(*letter);
        }
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn a_kind_is_called_as_its_struct_in_snake_case() {
        for (name, snake) in [
            ("Ship", "ship"),
            ("FlagPole", "flag_pole"),
            ("HTTPError", "http_error"),
            ("Team2Base", "team2_base"),
            ("A", "a"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }
}
