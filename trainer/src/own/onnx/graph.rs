//! A chain of operators: each takes what the one before gave, and constants.

use super::messages::{
    self, Attribute, F32, F64, FLOAT_ATTRIBUTE, I64, INT_ATTRIBUTE, INTS_ATTRIBUTE, Node, Shape,
    Size, TEXT_ATTRIBUTE, Tensor, TensorType, Type, Value,
};

/// Operators so far, and where the numbers are.
pub(super) struct Graph {
    nodes: Vec<Node>,
    constants: Vec<Tensor>,
    inputs: Vec<Value>,
    outputs: Vec<Value>,
    /// The name of the numbers.
    at: String,
}

pub(super) fn float(name: &str, float: f32) -> Attribute {
    Attribute { name: name.into(), float, kind: FLOAT_ATTRIBUTE, ..Attribute::default() }
}

pub(super) fn int(name: &str, int: i64) -> Attribute {
    Attribute { name: name.into(), int, kind: INT_ATTRIBUTE, ..Attribute::default() }
}

pub(super) fn ints(name: &str, ints: &[usize]) -> Attribute {
    let ints = ints.iter().map(|&i| i as i64).collect();
    Attribute { name: name.into(), ints, kind: INTS_ATTRIBUTE, ..Attribute::default() }
}

pub(super) fn text(name: &str, text: &str) -> Attribute {
    let (name, text) = (name.into(), text.into());
    Attribute { name, text, kind: TEXT_ATTRIBUTE, ..Attribute::default() }
}

/// Rows of a shape, of which there may be any number.
fn rows(name: &str, element: i32, shape: &[usize]) -> Value {
    let any = Size { size: None, name: Some("rows".into()) };
    let fixed = shape.iter().map(|&size| Size { size: Some(size as i64), name: None });
    let shape = Some(Shape { sizes: [any].into_iter().chain(fixed).collect() });
    let of = Some(Type { tensor: Some(TensorType { element, shape }) });
    Value { name: name.into(), of }
}

impl Graph {
    /// Of an input of `[rows, width]`.
    pub(super) fn new(input: &str, width: usize) -> Self {
        Self {
            nodes: Vec::new(),
            constants: Vec::new(),
            inputs: vec![rows(input, F32, &[width])],
            outputs: Vec::new(),
            at: input.into(),
        }
    }

    /// Where the numbers are.
    pub(super) fn at(&self) -> String {
        self.at.clone()
    }

    /// The numbers go through an operator, together with others.
    pub(super) fn apply(&mut self, operator: &str, others: &[&str], attributes: &[Attribute]) {
        let name = format!("{}_{}", operator.to_lowercase(), self.nodes.len());
        self.node(operator, others, attributes, &name);
        self.at = name;
    }

    fn node(&mut self, operator: &str, others: &[&str], attributes: &[Attribute], output: &str) {
        let others = others.iter().map(ToString::to_string);
        self.nodes.push(Node {
            inputs: [self.at.clone()].into_iter().chain(others).collect(),
            outputs: vec![output.into()],
            name: output.into(),
            operator: operator.into(),
            attributes: attributes.to_vec(),
        });
    }

    fn constant(&mut self, element: i32, shape: &[usize], bytes: Vec<u8>) -> String {
        let name = format!("constant_{}", self.constants.len());
        let sizes = shape.iter().map(|&size| size as i64).collect();
        self.constants.push(Tensor { sizes, element, name: name.clone(), bytes });
        name
    }

    pub(super) fn f32(&mut self, shape: &[usize], x: &[f32]) -> String {
        self.constant(F32, shape, x.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    pub(super) fn f64(&mut self, shape: &[usize], x: &[f64]) -> String {
        self.constant(F64, shape, x.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    /// The numbers, with one number or one for each of the last axis.
    pub(super) fn with(&mut self, operator: &str, x: &[f32]) {
        let shape: &[usize] = if x.len() == 1 { &[] } else { &[x.len()] };
        let constant = self.f32(shape, x);
        self.apply(operator, &[&constant], &[]);
    }

    /// The same of doubles.
    pub(super) fn with_f64(&mut self, operator: &str, x: &[f64]) {
        let constant = self.f64(&[x.len()], x);
        self.apply(operator, &[&constant], &[]);
    }

    /// From here on in single or double precision.
    pub(super) fn cast(&mut self, double: bool) {
        let element = if double { F64 } else { F32 };
        self.apply("Cast", &[], &[int("to", element.into())]);
    }

    /// Rows of another shape.
    pub(super) fn reshape(&mut self, shape: &[usize]) {
        let sizes = [-1].into_iter().chain(shape.iter().map(|&size| size as i64));
        let bytes = sizes.flat_map(i64::to_le_bytes).collect();
        let constant = self.constant(I64, &[shape.len() + 1], bytes);
        self.apply("Reshape", &[&constant], &[]);
    }

    /// The numbers are an output.
    pub(super) fn output(&mut self, name: &str, shape: &[usize]) {
        self.node("Identity", &[], &[], name);
        self.outputs.push(rows(name, F32, shape));
    }

    /// The place of the largest of each row is an output.
    pub(super) fn largest(&mut self, name: &str) {
        self.node("ArgMax", &[], &[int("axis", 1), int("keepdims", 0)], name);
        self.outputs.push(rows(name, I64, &[]));
    }

    pub(super) fn message(self, name: &str) -> messages::Graph {
        let Self { nodes, constants, inputs, outputs, .. } = self;
        messages::Graph { nodes, name: name.into(), constants, inputs, outputs }
    }
}
