//! Enums as fields: the numbers of their variants.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{Data, DeriveInput, Error, Fields, Result};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            name,
            "`FieldEnum` is for enums: a struct is a row or an event",
        ));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a `FieldEnum` has no generic parameters"));
    }
    let Some(last) = data.variants.last() else {
        return Err(Error::new_spanned(name, format!("`{name}` has no variant")));
    };
    for (at, variant) in data.variants.iter().enumerate() {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(
                &variant.fields,
                format!(
                    "`{}` has fields: only the number of a variant is sent, so a `FieldEnum` can have none",
                    variant.ident,
                ),
            ));
        }
        if let Some((_, number)) = &variant.discriminant
            && number.to_token_stream().to_string() != at.to_string()
        {
            return Err(Error::new_spanned(
                number,
                format!("what is sent of a variant is how many stand before it, which are {at}"),
            ));
        }
    }
    let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let numbers = 0..variants.len() as i32;
    let numbers: Vec<_> = numbers.collect();
    let most = variants.len() as i32 - 1;
    let last = &last.ident;
    Ok(quote! {
        #[automatically_derived]
        impl ::tickwire_game::scene::FieldValue for #name {
            const RANGE: ::core::option::Option<[i32; 2]> =
                ::core::option::Option::Some([0, #most]);
            const LEAST: f64 = 0.0;
            const MOST: f64 = #most as f64;

            #[inline]
            fn number(&self) -> f64 {
                let number: i32 = match self {
                    #(#name::#variants => #numbers,)*
                };
                number as f64
            }

            #[inline]
            fn of_number(number: f64) -> #name {
                match number as i32 {
                    #(#numbers => #name::#variants,)*
                    below if below < 0 => #name::of_number(0.0),
                    _ => #name::#last,
                }
            }
        }
    })
}
