//! Toys of five families, each of random proportions: x is forward, z is up.

use std::f32::consts::PI;

use rand::RngExt as _;
use rand_pcg::Pcg32;

use super::solid::{Rotation, Shape, Solid, Vector, add, scale};
use Shape::{Ball, Block, Rod};

/// A toy: solids within about 1 of the origin.
pub(super) type Toy = Vec<Solid>;

pub(super) fn uniform(random: &mut Pcg32, from: f32, to: f32) -> f32 {
    from + (to - from) * random.random::<f32>()
}

fn chance(random: &mut Pcg32, probability: f32) -> bool {
    random.random::<f32>() < probability
}

/// About the axis x, y or z, by an angle in radians.
pub(super) fn about(axis: usize, angle: f32) -> Rotation {
    let (sin, cos) = libm::sincosf(angle);
    let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut rotation = [[0.0; 3]; 3];
    rotation[axis][axis] = 1.0;
    rotation[a][a] = cos;
    rotation[a][b] = -sin;
    rotation[b][a] = sin;
    rotation[b][b] = cos;
    rotation
}

/// First `second`, then `first`.
pub(super) fn after(first: &Rotation, second: &Rotation) -> Rotation {
    let column = |k: usize| [second[0][k], second[1][k], second[2][k]];
    first.map(|row| [0, 1, 2].map(|k| super::solid::dot(row, column(k))))
}

/// Three random angles.
pub(super) fn rotation(random: &mut Pcg32) -> Rotation {
    let [a, b, c] = [0, 1, 2].map(|axis| about(axis, uniform(random, -PI, PI)));
    after(&a, &after(&b, &c))
}

/// The toy of a class (a place in [`CLASSES`](crate::norb::CLASSES), but `none`), centred and of one size.
pub(super) fn toy(class: u32, random: &mut Pcg32) -> Toy {
    let mut toy = match class {
        0 => animal(random),
        1 => human(random),
        2 => plane(random),
        3 => truck(random),
        _ => car(random),
    };
    let (mut low, mut high) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
    for solid in &toy {
        let (centre, extent) = (solid.centre(), solid.extent());
        for k in 0..3 {
            low[k] = low[k].min(centre[k] - extent[k]);
            high[k] = high[k].max(centre[k] + extent[k]);
        }
    }
    let middle = scale(add(low, high), 0.5);
    let half = scale(add(high, scale(low, -1.0)), 0.5);
    let factor = 1.0 / half[0].max(half[1]).max(half[2]);
    let straight = about(0, 0.0);
    for solid in &mut toy {
        *solid = solid.moved(&straight, factor, scale(middle, -factor));
    }
    toy
}

/// A limb of this length from a point, swung forward and sideways from straight down (radians).
fn limb(
    from: Vector,
    length: f32,
    forward: f32,
    sideways: f32,
    radius: f32,
    shape: Shape,
) -> Solid {
    let ((sin_f, cos_f), (sin_s, cos_s)) = (libm::sincosf(forward), libm::sincosf(sideways));
    let down = [length * sin_f * cos_s, length * sin_s, -length * cos_f * cos_s];
    Solid::between(shape, from, add(from, down), radius)
}

fn animal(random: &mut Pcg32) -> Toy {
    let mut r = |from, to| uniform(random, from, to);
    let (length, width, height) = (r(0.5, 0.85), r(0.16, 0.34), r(0.18, 0.36));
    let (leg, thick) = (r(0.3, 0.75), r(0.05, 0.12));
    let (neck, lean) = (r(0.1, 0.6), r(0.3, 1.3));
    let (head, snout) = (r(0.12, 0.24), r(0.1, 0.35));
    let tail = (r(0.2, 0.7), r(-2.4, -0.6), r(0.02, 0.06));
    let ear = (r(0.06, 0.28), r(0.02, 0.07));
    let mut toy = vec![Solid::new(
        if r(0.0, 1.0) < 0.3 { Block } else { Ball },
        [0.0; 3],
        [length, width, height],
    )];
    for (x, y) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
        let hip = [x * length * 0.65, y * width * 0.7, -height * 0.4];
        toy.push(limb(hip, leg + height * 0.4, r(-0.35, 0.35), 0.0, thick, Rod));
    }
    let shoulder = [length * 0.75, 0.0, height * 0.3];
    let (sin, cos) = libm::sincosf(lean);
    let nape = add(shoulder, [neck * sin, 0.0, neck * cos]);
    toy.push(Solid::between(
        Ball,
        add(shoulder, [-0.15, 0.0, -0.1]),
        add(nape, [0.05, 0.0, 0.05]),
        width * 0.6,
    ));
    toy.push(Solid::new(Ball, nape, [head * 1.2, head, head]));
    toy.push(Solid::between(Ball, nape, add(nape, [head + snout, 0.0, -snout * 0.4]), head * 0.6));
    for side in [-1.0, 1.0] {
        let root = add(nape, [0.0, side * head * 0.6, head * 0.5]);
        toy.push(Solid::between(Ball, root, add(root, [-0.05, side * 0.08, ear.0 + 0.05]), ear.1));
    }
    toy.push(limb([-length * 0.9, 0.0, height * 0.3], tail.0, tail.1, 0.0, tail.2, Rod));
    toy
}

fn human(random: &mut Pcg32) -> Toy {
    let mut r = |from, to| uniform(random, from, to);
    let (torso, shoulders, depth) = (r(0.28, 0.42), r(0.16, 0.34), r(0.1, 0.22));
    let (leg, arm) = (r(0.55, 0.85), r(0.5, 0.75));
    let (thick, head) = (r(0.06, 0.13), r(0.12, 0.22));
    let shape = if r(0.0, 1.0) < 0.5 { Block } else { Ball };
    let mut toy = vec![
        Solid::new(shape, [0.0; 3], [depth, shoulders, torso]),
        Solid::new(Ball, [0.0, 0.0, torso + head], [head, head * 0.9, head * 1.15]),
        Solid::new(Ball, [0.0, 0.0, -torso * 0.8], [depth * 1.1, shoulders * 0.9, torso * 0.35]),
    ];
    for side in [-1.0, 1.0] {
        let hip = [0.0, side * shoulders * 0.55, -torso * 0.8];
        let stride = r(-0.6, 0.6);
        toy.push(limb(hip, leg, stride, side * r(0.0, 0.25), thick * 1.2, Rod));
        let (sin, cos) = libm::sincosf(stride);
        let foot = add(hip, [leg * sin, 0.0, -leg * cos]);
        toy.push(Solid::new(Block, add(foot, [0.07, side * 0.06, 0.0]), [0.14, 0.06, 0.05]));
        let shoulder = [0.0, side * (shoulders + thick * 0.5), torso * 0.8];
        let (forward, sideways) = (r(-0.6, 2.2), side * r(0.05, 1.0));
        toy.push(limb(
            shoulder,
            arm,
            forward,
            sideways,
            thick,
            if shape == Block { Rod } else { Ball },
        ));
    }
    if r(0.0, 1.0) < 0.4 {
        toy.push(Solid::new(Rod, [0.0, 0.0, torso + head * 2.0], [head * 1.5, head * 1.5, 0.05]));
    }
    toy
}

fn plane(random: &mut Pcg32) -> Toy {
    let mut r = |from, to| uniform(random, from, to);
    let (length, radius) = (r(0.75, 1.0), r(0.09, 0.18));
    let (span, chord, sweep) = (r(0.6, 1.0), r(0.12, 0.26), r(-0.1, 0.6));
    let (root, lift, dihedral) = (r(-0.1, 0.3), r(-0.6, 0.8) * radius, r(-0.05, 0.15));
    let (tail, fin) = (r(0.2, 0.4), r(0.18, 0.36));
    let engines = r(0.0, 3.0) as u32;
    let mut toy = vec![
        Solid::new(if r(0.0, 1.0) < 0.3 { Rod } else { Ball }, [0.0; 3], [radius, radius, length])
            .turned(&about(1, PI * 0.5)),
    ];
    for side in [-1.0, 1.0] {
        let turn = after(&about(2, -side * sweep), &about(0, side * dihedral));
        let back = libm::sincosf(sweep).0;
        let middle =
            [root - span * 0.5 * back.max(-0.2), side * span * 0.5, lift + span * 0.5 * dihedral];
        toy.push(Solid::new(Block, middle, [chord, span * 0.5, 0.025]).turned(&turn));
        let middle = [-length * 0.85 - tail * 0.3 * back, side * tail * 0.5, radius * 0.3];
        toy.push(Solid::new(Block, middle, [chord * 0.55, tail * 0.5, 0.02]).turned(&turn));
        for engine in 0..engines {
            let out = span * (0.3 + 0.3 * engine as f32);
            let front = [root - out * back + chord * 1.1, side * out, lift - 0.06];
            toy.push(Solid::between(Rod, front, add(front, [-chord * 1.6, 0.0, 0.0]), 0.06));
        }
    }
    toy.push(
        Solid::new(
            Block,
            [-length * 0.88, 0.0, radius * 0.5 + fin * 0.5],
            [chord * 0.5, 0.02, fin * 0.5],
        )
        .turned(&about(1, -0.3)),
    );
    toy.push(Solid::new(
        Ball,
        [length * 0.45, 0.0, radius * 0.7],
        [0.2, radius * 0.6, radius * 0.6],
    ));
    toy
}

fn wheels(toy: &mut Toy, places: &[f32], width: f32, bottom: f32, radius: f32) {
    for &x in places {
        for side in [-1.0, 1.0] {
            let outside = [x, side * (width + 0.02), bottom];
            toy.push(Solid::between(Rod, outside, add(outside, [0.0, -side * 0.12, 0.0]), radius));
        }
    }
}

fn truck(random: &mut Pcg32) -> Toy {
    let mut r = |from, to| uniform(random, from, to);
    let (length, width) = (r(0.85, 1.0), r(0.24, 0.36));
    let (cab, cab_height) = (r(0.16, 0.28), r(0.26, 0.42));
    let (load_height, gap, wheel) = (r(0.15, 0.46), r(0.02, 0.12), r(0.12, 0.18));
    let cargo_length = length - cab - gap * 0.5;
    let cargo_middle = -length + cargo_length;
    let mut toy = vec![
        Solid::new(Block, [0.0; 3], [length, width * 0.8, 0.06]),
        Solid::new(Block, [length - cab, 0.0, cab_height], [cab, width, cab_height]),
    ];
    let kind = r(0.0, 4.0);
    if kind < 2.0 {
        toy.push(Solid::new(
            Block,
            [cargo_middle, 0.0, load_height + 0.06],
            [cargo_length, width * 1.05, load_height],
        ));
    } else if kind < 3.0 {
        let (front, back) = (cargo_middle + cargo_length, cargo_middle - cargo_length);
        let height = load_height.min(width) + 0.06;
        toy.push(Solid::between(
            Rod,
            [back, 0.0, height],
            [front, 0.0, height],
            load_height.min(width),
        ));
    } else {
        let (height, side) = (load_height * 0.5, width * 0.95);
        for y in [-side, side] {
            toy.push(Solid::new(
                Block,
                [cargo_middle, y, height + 0.06],
                [cargo_length, 0.03, height],
            ));
        }
        toy.push(Solid::new(
            Ball,
            [cargo_middle, 0.0, 0.1],
            [cargo_length * 0.9, width * 0.9, height * 2.0],
        ));
    }
    if r(0.0, 1.0) < 0.4 {
        let bonnet = r(0.1, 0.2);
        toy.push(Solid::new(
            Block,
            [length + bonnet, 0.0, cab_height * 0.45],
            [bonnet, width * 0.85, cab_height * 0.45],
        ));
    }
    let rear = r(-0.8, -0.6) * length;
    wheels(&mut toy, &[length * 0.75, rear, rear + wheel * 2.2], width, -0.08, wheel);
    toy
}

fn car(random: &mut Pcg32) -> Toy {
    let mut r = |from, to| uniform(random, from, to);
    let (length, width, body) = (r(0.75, 1.0), r(0.32, 0.44), r(0.12, 0.19));
    let (cabin, cabin_height, back) = (r(0.3, 0.52), r(0.13, 0.22), r(-0.35, 0.05));
    let (wheel, nose) = (r(0.14, 0.2), r(0.0, 0.12));
    let round = r(0.0, 1.0) < 0.5;
    let mut toy = vec![Solid::new(Block, [0.0; 3], [length * 0.95, width, body])];
    if round {
        toy.push(Solid::new(
            Ball,
            [0.0, 0.0, body * 0.3],
            [length * 1.05, width * 1.05, body * 1.6],
        ));
        toy.push(Solid::new(
            Ball,
            [back, 0.0, body],
            [cabin * 1.2, width * 0.9, cabin_height * 2.2],
        ));
    } else {
        toy.push(Solid::new(
            Block,
            [back, 0.0, body + cabin_height],
            [cabin, width * 0.88, cabin_height],
        ));
        for (end, lean) in [(1.0, 0.75), (-1.0, -0.6)] {
            let pane = Solid::new(
                Block,
                [back + end * cabin, 0.0, body + cabin_height * 0.6],
                [0.05, width * 0.84, cabin_height * 1.1],
            );
            toy.push(pane.turned(&about(1, -lean)));
        }
        toy.push(Solid::new(
            Block,
            [length * 0.6, 0.0, body + nose * 0.3],
            [length * 0.35, width * 0.9, nose * 0.5 + 0.02],
        ));
    }
    if chance(random, 0.25) {
        toy.push(Solid::new(Block, [-length * 0.9, 0.0, body + 0.14], [0.08, width * 0.9, 0.02]));
    }
    let axle = uniform(random, 0.52, 0.66) * length;
    wheels(&mut toy, &[axle, -axle], width, -body * 0.8, wheel);
    toy
}
