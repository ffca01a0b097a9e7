//! Writes the traits of a kind.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DeriveInput, Result};

use crate::parse::{AxisAttr, FieldAttr, KindAttr, MotionAttr, Named, Of, RangeAttr, ShapeAttr};

pub(crate) fn derive(input: &DeriveInput, of: Of) -> Result<TokenStream> {
    let KindAttr { name, place, fields } = KindAttr::parse(input, of)?;
    let ident = &input.ident;
    let count = fields.len();
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    let names: Vec<_> = idents.iter().map(|ident| ident.unraw().to_string()).collect();
    let defs: Vec<_> = fields.iter().map(definition).collect();
    let indices = 0..count;
    let indices: Vec<_> = indices.collect();
    let place = match place {
        Some([x, y]) => quote!(::core::option::Option::Some([#x, #y])),
        None => quote!(::core::option::Option::None),
    };
    let (is_event, kind_trait) = match of {
        Of::Row => (false, quote!(::tickwire_game::scene::Row)),
        Of::Event => (true, quote!(::tickwire_game::scene::Event)),
    };
    let too_many = format!("`{ident}` has more fields than a kind may have");
    Ok(quote! {
        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic, unused, trivial_numeric_casts)]
        impl ::tickwire_game::scene::Kinded for #ident {
            const NAME: &'static str = #name;
            const FIELD_NAMES: &'static [&'static str] = &[#(#names),*];
            const FIELDS: &'static [::tickwire_game::scene::FieldDef] = &[#(#defs),*];
            const PLACE: ::core::option::Option<[u8; 2]> = #place;
            const IS_EVENT: bool = #is_event;

            #[inline]
            fn quantise(&self, steps: &mut [i32]) {
                let steps: &mut [i32; #count] = match steps.try_into() {
                    ::core::result::Result::Ok(steps) => steps,
                    ::core::result::Result::Err(_) => panic!("there is a step for each field"),
                };
                #(
                    steps[#indices] = Self::FIELDS[#indices].quantise(
                        <#types as ::tickwire_game::scene::FieldValue>::number(&self.#idents),
                    );
                )*
            }

            #[inline]
            fn numbers(&self, mut each: impl FnMut(f64)) {
                #(each(<#types as ::tickwire_game::scene::FieldValue>::number(&self.#idents));)*
            }

            #[inline]
            fn read(steps: &[i32]) -> ::core::option::Option<Self> {
                let steps: &[i32; #count] = steps.try_into().ok()?;
                ::core::option::Option::Some(#ident {
                    #(
                        #idents: <#types as ::tickwire_game::scene::FieldValue>::of_number(
                            Self::FIELDS[#indices].value(steps[#indices]),
                        ),
                    )*
                })
            }
        }

        #[automatically_derived]
        impl #kind_trait for #ident {}

        // What is wrong with it is found where it is declared, and not where it is first used.
        const _: () = {
            let fields = <#ident as ::tickwire_game::scene::Kinded>::FIELDS.len();
            ::core::assert!(fields <= ::tickwire_game::limits::KIND_FIELDS_MAX, #too_many);
        };
    })
}

/// The constant that says what a field is.
fn definition(field: &FieldAttr) -> TokenStream {
    let FieldAttr { ident, ty, shape, unit, motion, names, origin } = field;
    // What the compiler finds wrong is shown at the field.
    let def = quote_spanned!(ident.span()=> ::tickwire_game::scene::FieldDef);
    let shape = match shape {
        ShapeAttr::Type => quote_spanned!(ty.span()=> #def::of::<#ty>()),
        ShapeAttr::Range(range) => {
            let RangeAttr { low, high, step } = &**range;
            let step = match step {
                Some(step) => quote!((#step) as f64),
                None => quote!(1.0),
            };
            let span = ident.span();
            let beyond = format!("the range of `{ident}` goes beyond what its type holds");
            let empty = format!(
                "the range of `{ident}` is empty, its step is not above 0, or it has more steps than 32 \
                 bits can count"
            );
            quote_spanned! {span=> {
                let (low, high, step) = ((#low) as f64, (#high) as f64, #step);
                ::core::assert!(#def::holds::<#ty>(low, high), #beyond);
                ::core::assert!(#def::has_steps(low, high, step), #empty);
                #def::within::<#ty>(low, high, step)
            }}
        }
        ShapeAttr::Angle { bits } => {
            let not_float = format!("`{ident}` is an angle, in radians: it must be a float");
            let too_fine = format!("`{ident}` has more than 30 bits");
            quote_spanned! {ident.span()=> {
                ::core::assert!(#def::is_float::<#ty>(), #not_float);
                let bits = (#bits) as u32;
                ::core::assert!(bits <= 30, #too_fine);
                #def::angle(bits)
            }}
        }
    };
    let unit = unit.as_ref().map(|unit| quote!(.unit(#unit)));
    let predict = motion.as_ref().map(|motion| {
        let predict = quote!(::tickwire_game::scene::Predict);
        let way = match motion {
            MotionAttr::Hold => quote!(#predict::Hold),
            MotionAttr::Linear => quote!(#predict::LinearFromLastTwo),
            MotionAttr::By(field) => quote!(#predict::LinearBy { field: #field }),
            MotionAttr::Approach(field, rate) => {
                quote!(#predict::Approach { field: #field, per_second: (#rate) as f64 })
            }
            MotionAttr::Along(angle, rate, axis) => {
                let axis = match axis {
                    AxisAttr::X => quote!(::tickwire_game::scene::Axis::X),
                    AxisAttr::Y => quote!(::tickwire_game::scene::Axis::Y),
                };
                quote!(#predict::Along { angle: #angle, per_second: (#rate) as f64, axis: #axis })
            }
        };
        quote!(.predict(#way))
    });
    let names = names.as_ref().map(|named| {
        let (kind, index) = (&named.kind, index_of(named));
        quote!(.names::<#kind>(#index))
    });
    let origin = origin.as_ref().map(|named| {
        let index = index_of(named);
        quote!(.origin(#index))
    });
    quote!(#shape #unit #predict #names #origin)
}

/// The index of a field of another kind, found by the compiler.
fn index_of(Named { kind, field }: &Named) -> TokenStream {
    let last = kind.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    let name = field.unraw().to_string();
    let missing = format!("`{last}` has no field `{name}`");
    quote_spanned! {field.span()=>
        match ::tickwire_game::scene::FieldDef::index_of::<#kind>(#name) {
            ::core::option::Option::Some(index) => index,
            ::core::option::Option::None => ::core::panic!(#missing),
        }
    }
}
