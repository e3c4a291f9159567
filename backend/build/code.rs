//! The app's code, written anew so that it compresses better. It does the same as before.
//!
//! Its functions stand in another order, sections that are for tools are gone, and the names by which
//! it calls the browser are short: wasm-bindgen ends each with 16 digits of a hash, which nothing can
//! compress. Read next: [`crate::order`].

use std::{
    collections::{BTreeMap, BTreeSet},
    io, iter, str,
};

use wasm_encoder::{
    CodeSection, FunctionSection, ImportSection, Module,
    reencode::{Error, Reencode},
};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, FunctionSectionReader, ImportSectionReader, Parser,
    Payload, TypeRef,
};

use crate::{Failure, File, hash, order};

/// Rewrites the app's code and its script, and gives both files a name of their new content, which
/// the page asks for.
pub(crate) fn lighten(files: &mut [File]) -> Result<(), Failure> {
    let mut paths = files.iter().map(|(path, _)| path);
    let Some(stem) = paths.find_map(|path| path.strip_suffix("_bg.wasm")) else {
        return Ok(());
    };
    let stem = stem.to_owned();
    let (app, _) = stem.split_once('-').ok_or("the app's name has no hash")?;
    let (code, script) = (format!("{stem}_bg.wasm"), format!("{stem}.js"));

    let mut both = Vec::new();
    let mut rewriter = Rewriter::new(content(files, &code)?)?;
    let new = rewriter.script(str::from_utf8(content(files, &script)?)?)?;
    both.extend_from_slice(new.as_bytes());
    *content(files, &script)? = new.into_bytes();
    let new = rewriter.code(content(files, &code)?)?;
    both.extend_from_slice(&new);
    *content(files, &code)? = new;

    let renamed = format!("{app}-{}", hash(&both));
    for (path, content) in files {
        *path = path.replace(&stem, &renamed);
        if path == "index.html" {
            let page = str::from_utf8(content)?;
            *content = page.replace(&stem, &renamed).into_bytes();
        }
    }
    Ok(())
}

fn content<'a>(files: &'a mut [File], name: &str) -> Result<&'a mut Vec<u8>, Failure> {
    let file = files.iter_mut().find(|(path, _)| path == name);
    let (_, content) = file.ok_or_else(|| format!("{name} is not in dist/"))?;
    Ok(content)
}

/// What becomes of names and functions.
struct Rewriter {
    /// The short name of each function of the browser, by the one it had.
    names: BTreeMap<String, String>,
    /// Which of the app's functions stands where.
    order: Vec<usize>,
    /// The new number of each function, the browser's first.
    numbers: Vec<u32>,
}

impl Rewriter {
    fn new(code: &[u8]) -> Result<Self, Failure> {
        let mut names = BTreeMap::new();
        let mut bodies = Vec::new();
        for part in Parser::new(0).parse_all(code) {
            match part? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import?;
                        if !matches!(import.ty, TypeRef::Func(_)) {
                            return Err(format!("the app asks for {import:?}").into());
                        }
                        let new = format!("i{}", names.len());
                        if names.insert(import.name.to_owned(), new).is_some() {
                            return Err(format!("the app asks twice for {}", import.name).into());
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
                _ => {}
            }
        }
        let order = order::by_likeness(&bodies);
        let of_browser = names.len();
        let mut numbers = vec![0; of_browser + order.len()];
        let moved = order.iter().map(|place| of_browser + place);
        for (new, old) in iter::zip(0.., (0..of_browser).chain(moved)) {
            *numbers.get_mut(old).ok_or("a function has no number")? = new;
        }
        Ok(Self {
            names,
            order,
            numbers,
        })
    }

    /// The script, which offers the functions of the browser under their new names.
    fn script(&self, script: &str) -> Result<String, Failure> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let words = script
            .as_bytes()
            .chunk_by(|one, next| is_part(*one) == is_part(*next));
        let mut missing: BTreeSet<_> = self.names.keys().map(String::as_str).collect();
        let mut new = String::with_capacity(script.len());
        for word in words {
            let word = str::from_utf8(word)?;
            match self.names.get(word) {
                None => new += word,
                Some(name) if missing.remove(word) => new += name,
                Some(_) => return Err(format!("the app's script has {word} twice").into()),
            }
        }
        match missing.first() {
            Some(missing) => Err(format!("the app's script has no {missing}").into()),
            None => Ok(new),
        }
    }

    fn code(&mut self, code: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut module = Module::new();
        self.parse_core_module(&mut module, Parser::new(0), code)?;
        Ok(module.finish())
    }

    /// What comes once for each function of the app, in the new order.
    fn in_order<T: Clone>(
        &self,
        things: impl IntoIterator<Item = Result<T, wasmparser::Error>>,
    ) -> Result<Vec<T>, Error<io::Error>> {
        let things: Vec<_> = things.into_iter().collect::<Result<_, _>>()?;
        let ordered = self.order.iter().map(|number| things.get(*number).cloned());
        let ordered: Option<_> = ordered.collect();
        ordered.ok_or_else(|| stray("a function without a body"))
    }
}

impl Reencode for Rewriter {
    type Error = io::Error;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<io::Error>> {
        let new = self
            .numbers
            .get(usize::try_from(function).unwrap_or(usize::MAX));
        new.copied()
            .ok_or_else(|| stray("a function that is not there"))
    }

    fn parse_import_section(
        &mut self,
        section: &mut ImportSection,
        imports: ImportSectionReader<'_>,
    ) -> Result<(), Error<io::Error>> {
        for import in imports.into_imports() {
            let import = import?;
            let kind = self.entity_type(import.ty)?;
            let name = self.names.get(import.name);
            let name = name.ok_or_else(|| stray("an import without a name"))?;
            section.import(import.module, name, kind);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        section: &mut FunctionSection,
        types: FunctionSectionReader<'_>,
    ) -> Result<(), Error<io::Error>> {
        for kind in self.in_order(types)? {
            section.function(self.type_index(kind)?);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        section: &mut CodeSection,
        bodies: CodeSectionReader<'_>,
    ) -> Result<(), Error<io::Error>> {
        for body in self.in_order(bodies)? {
            self.parse_function_body(section, body)?;
        }
        Ok(())
    }

    /// They are for tools: names, and which compiler it was.
    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: CustomSectionReader<'_>,
    ) -> Result<(), Error<io::Error>> {
        Ok(())
    }
}

fn stray(what: &str) -> Error<io::Error> {
    Error::UserError(io::Error::other(format!("the app's code has {what}")))
}
