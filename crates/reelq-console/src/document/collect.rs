//! Reads any serialisable value into nodes, and knows an amount of money by its type.

use reelq_model::Money;
use serde::{
    Serialize, Serializer,
    ser::{
        Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};
use serde_json::{Error, Value};

use super::Node;

type Result<T = Node> = std::result::Result<T, Error>;

/// Makes a node of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToNode;

/// A list that is being read; of an enum's variant, with its name.
#[derive(Debug)]
pub(super) struct Items(Option<&'static str>, Vec<Node>);

/// An object that is being read.
#[derive(Debug, Default)]
pub(super) struct Members {
    variant: Option<&'static str>,
    found: Vec<(String, Node)>,
    key: Option<String>,
}

macro_rules! plain {
    ($($method:ident: $kind:ty),* $(,)?) => {
        $(fn $method(self, value: $kind) -> Result {
            Ok(Node::Plain(Value::from(value)))
        })*
    };
}

impl Serializer for ToNode {
    type Ok = Node;
    type Error = Error;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Members;

    plain! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32,
        serialize_f64: f64, serialize_str: &str, serialize_bytes: &[u8],
    }

    fn serialize_char(self, value: char) -> Result {
        Ok(Node::Plain(value.to_string().into()))
    }

    fn serialize_none(self) -> Result {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result {
        Ok(Node::Plain(Value::Null))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result {
        let node = value.serialize(self)?;
        Ok(match &node {
            Node::Plain(Value::Null) if name == Money::NAME => Node::Amount(None),
            Node::Plain(value) if name == Money::NAME => Node::Amount(value.as_i64().map(Money::from_micros)),
            _ => node,
        })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result {
        Ok(named(Some(variant), value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items> {
        Ok(Items(None, Vec::new()))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Items> {
        Ok(Items(Some(variant), Vec::new()))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members> {
        Ok(Members::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members> {
        Ok(Members::default())
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Members> {
        Ok(Members { variant: Some(variant), ..Members::default() })
    }
}

fn named(variant: Option<&'static str>, node: Node) -> Node {
    match variant {
        Some(variant) => Node::Object(vec![(variant.to_owned(), node)]),
        None => node,
    }
}

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.1.push(value.serialize(ToNode)?);
        Ok(())
    }

    fn finish(self) -> Node {
        named(self.0, Node::List(self.1))
    }
}

impl Members {
    /// An amount's name says its unit.
    fn push<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        let node = value.serialize(ToNode)?;
        let says_so = name == "usd" || name.ends_with("_usd");
        let unit = if matches!(node, Node::Amount(_)) && !says_so { "_usd" } else { "" };
        self.found.push((format!("{name}{unit}"), node));
        Ok(())
    }

    fn finish(self) -> Node {
        named(self.variant, Node::Object(self.found))
    }
}

fn key_of(node: &Node) -> Result<String> {
    match node {
        Node::Plain(Value::String(text)) => Ok(text.clone()),
        Node::Plain(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        _ => Err(Error::custom("a name in JSON must be a text")),
    }
}

impl SerializeMap for Members {
    type Ok = Node;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = Some(key_of(&key.serialize(ToNode)?)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let key = self.key.take().unwrap_or_default();
        self.push(&key, value)
    }

    fn end(self) -> Result {
        Ok(self.finish())
    }
}

macro_rules! items {
    ($($kind:ident: $method:ident),* $(,)?) => {
        $(impl $kind for Items {
            type Ok = Node;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.push(value)
            }

            fn end(self) -> Result {
                Ok(self.finish())
            }
        })*
    };
}

macro_rules! members {
    ($($kind:ident),* $(,)?) => {
        $(impl $kind for Members {
            type Ok = Node;
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
                self.push(name, value)
            }

            fn end(self) -> Result {
                Ok(self.finish())
            }
        })*
    };
}

items! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}
members! { SerializeStruct, SerializeStructVariant }
