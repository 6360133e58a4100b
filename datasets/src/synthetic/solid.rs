//! Ellipsoids, boxes and cylinders in three dimensions, drawn by one ray per pixel with a depth buffer.
//!
//! Rays are parallel to the z axis; larger z is nearer to the viewer. In the coordinates of a solid,
//! q_k = r_k · (p − centre), the ball is |q| ≤ 1, the block |q_k| ≤ 1 and the rod q_0² + q_1² ≤ 1, |q_2| ≤ 1.
//! Along a ray q_k = b_k + d_k u is linear in the depth u, so each is the intersection of intervals of u.

use super::texture::Image;

pub(super) type Vector = [f32; 3];
/// Rows of a rotation.
pub(super) type Rotation = [Vector; 3];

pub(super) fn dot(a: Vector, b: Vector) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(super) fn scale(a: Vector, factor: f32) -> Vector {
    a.map(|x| x * factor)
}

pub(super) fn rotate(rotation: &Rotation, a: Vector) -> Vector {
    [dot(rotation[0], a), dot(rotation[1], a), dot(rotation[2], a)]
}

fn unit(a: Vector) -> Vector {
    scale(a, 1.0 / dot(a, a).sqrt())
}

/// Two vectors that are orthogonal to `a` and to each other, all of length 1.
fn across(a: Vector) -> [Vector; 2] {
    let a = unit(a);
    let helper = if a[2].abs() < 0.7 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
    let cross = |a: Vector, b: Vector| {
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    };
    let first = unit(cross(helper, a));
    [first, cross(a, first)]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Ball,
    Block,
    Rod,
}

/// A shape with its place: half axes that are orthogonal to each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solid {
    shape: Shape,
    centre: Vector,
    axes: [Vector; 3],
}

impl Solid {
    /// With half axes along x, y and z.
    pub(super) fn new(shape: Shape, centre: Vector, half: Vector) -> Self {
        let axes = [[half[0], 0.0, 0.0], [0.0, half[1], 0.0], [0.0, 0.0, half[2]]];
        Self { shape, centre, axes }
    }

    /// A ball or rod that reaches from one point to another.
    pub(super) fn between(shape: Shape, from: Vector, to: Vector, radius: f32) -> Self {
        let along = scale(add(to, scale(from, -1.0)), 0.5);
        let [a, b] = across(along);
        let axes = [scale(a, radius), scale(b, radius), along];
        Self { shape, centre: scale(add(from, to), 0.5), axes }
    }

    /// Turned about its own centre.
    pub(super) fn turned(mut self, rotation: &Rotation) -> Self {
        self.axes = self.axes.map(|axis| rotate(rotation, axis));
        self
    }

    /// Turned about the origin, then scaled, then moved.
    pub(super) fn moved(mut self, rotation: &Rotation, factor: f32, by: Vector) -> Self {
        self.centre = add(scale(rotate(rotation, self.centre), factor), by);
        self.axes = self.axes.map(|axis| scale(rotate(rotation, axis), factor));
        self
    }

    /// Half its extent along each coordinate.
    pub(super) fn extent(&self) -> Vector {
        let [a, b, c] = self.axes;
        [0, 1, 2].map(|k| match self.shape {
            Shape::Ball => (a[k] * a[k] + b[k] * b[k] + c[k] * c[k]).sqrt(),
            Shape::Block => a[k].abs() + b[k].abs() + c[k].abs(),
            Shape::Rod => (a[k] * a[k] + b[k] * b[k]).sqrt() + c[k].abs(),
        })
    }

    pub(super) fn centre(&self) -> Vector {
        self.centre
    }
}

/// Light from one side and from all sides, on a dull surface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Light {
    /// Where it comes from: length 1.
    pub(super) from: Vector,
    /// Grey level of a surface that faces it, less `ambient`.
    pub(super) strength: f32,
    /// Grey level of a surface that it does not reach.
    pub(super) ambient: f32,
}

/// Depth of each pixel, kept between drawings for its memory.
#[derive(Debug, Default)]
pub(super) struct Depth(Vec<f32>);

/// Draws solids over the image; coordinates are pixels, y up, the origin in the centre.
pub(super) fn draw(solids: &[Solid], light: &Light, depth: &mut Depth, image: &mut Image) {
    depth.0.clear();
    depth.0.resize(image.pixels.len(), f32::NEG_INFINITY);
    for solid in solids {
        draw_one(solid, light, &mut depth.0, image);
    }
}

fn draw_one(solid: &Solid, light: &Light, depth: &mut [f32], image: &mut Image) {
    let inverse = solid.axes.map(|axis| scale(axis, 1.0 / dot(axis, axis)));
    let [centre_x, centre_y, centre_z] = solid.centre;
    let [extent_x, extent_y, _] = solid.extent();
    let (half_width, half_height) = (image.width as f32 * 0.5, image.height as f32 * 0.5);
    // Pixel x has its middle at x + 0.5. `as` saturates, so nothing outside the image is drawn.
    let first = |from: f32| (from - 0.5).ceil().max(0.0) as usize;
    let last = |to: f32, size: usize| ((to - 0.5).floor() + 1.0).max(0.0).min(size as f32) as usize;
    let columns = first(centre_x - extent_x + half_width)
        ..last(centre_x + extent_x + half_width, image.width);
    let rows = first(half_height - centre_y - extent_y)
        ..last(half_height - centre_y + extent_y, image.height);
    let d = [inverse[0][2], inverse[1][2], inverse[2][2]];
    for y in rows {
        let dy = half_height - (y as f32 + 0.5) - centre_y;
        for x in columns.clone() {
            let dx = x as f32 + 0.5 - half_width - centre_x;
            let b = [0, 1, 2].map(|k| inverse[k][0] * dx + inverse[k][1] * dy);
            let Some((u, gradient)) = front(solid.shape, b, d) else { continue };
            let at = y * image.width + x;
            if centre_z + u <= depth[at] {
                continue;
            }
            depth[at] = centre_z + u;
            let mut normal = [0.0; 3];
            for k in 0..3 {
                normal = add(normal, scale(inverse[k], gradient[k]));
            }
            let facing = dot(normal, light.from) / dot(normal, normal).sqrt();
            image.pixels[at] = light.ambient + light.strength * facing.max(0.0);
        }
    }
}

/// Largest u inside the solid, and there the gradient of its surface in its own coordinates.
#[inline(always)]
fn front(shape: Shape, b: Vector, d: Vector) -> Option<(f32, Vector)> {
    match shape {
        Shape::Ball => {
            let (_, u) = quadratic(dot(d, d), dot(b, d), dot(b, b) - 1.0)?;
            Some((u, add(b, scale(d, u))))
        }
        Shape::Block => {
            let (mut low, mut high, mut face) = (f32::NEG_INFINITY, f32::INFINITY, 0);
            for k in 0..3 {
                let (from, to) = slab(b[k], d[k])?;
                low = low.max(from);
                if to < high {
                    (high, face) = (to, k);
                }
            }
            let mut gradient = [0.0; 3];
            gradient[face] = d[face].signum();
            (low <= high).then_some((high, gradient))
        }
        Shape::Rod => {
            let (from, to) = slab(b[2], d[2])?;
            let across = d[0] * d[0] + d[1] * d[1];
            let c = b[0] * b[0] + b[1] * b[1] - 1.0;
            let (low, high) = if across > 1e-9 {
                quadratic(across, b[0] * d[0] + b[1] * d[1], c)?
            } else if c <= 0.0 {
                // Seen from its end.
                (f32::NEG_INFINITY, f32::INFINITY)
            } else {
                return None;
            };
            if low.max(from) > high.min(to) {
                return None;
            }
            Some(if to < high {
                (to, [0.0, 0.0, d[2].signum()])
            } else {
                (high, [b[0] + d[0] * high, b[1] + d[1] * high, 0.0])
            })
        }
    }
}

/// The u with |b + d u| ≤ 1.
#[inline(always)]
fn slab(b: f32, d: f32) -> Option<(f32, f32)> {
    if d.abs() < 1e-9 {
        return (b.abs() <= 1.0).then_some((f32::NEG_INFINITY, f32::INFINITY));
    }
    let (from, to) = ((-1.0 - b) / d, (1.0 - b) / d);
    Some((from.min(to), from.max(to)))
}

/// The u with a u² + 2 b u + c ≤ 0, a > 0.
#[inline(always)]
fn quadratic(a: f32, b: f32, c: f32) -> Option<(f32, f32)> {
    let discriminant = b * b - a * c;
    if discriminant < 0.0 {
        return None;
    }
    let root = discriminant.sqrt();
    Some(((-b - root) / a, (-b + root) / a))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIGHT: Light = Light { from: [0.0, 0.0, 1.0], strength: 200.0, ambient: 50.0 };

    fn drawn(solids: &[Solid]) -> Image {
        let mut image = Image::new(101, 101);
        draw(solids, &LIGHT, &mut Depth::default(), &mut image);
        image
    }

    fn covered(image: &Image) -> f32 {
        image.pixels.iter().filter(|&&pixel| pixel > 0.0).count() as f32
    }

    #[test]
    fn shapes_cover_their_areas() {
        let area = |shape, half| covered(&drawn(&[Solid::new(shape, [3.3, -5.4, 0.0], half)]));
        for (found, expected) in [
            (area(Shape::Ball, [30.0, 20.0, 7.0]), std::f32::consts::PI * 600.0),
            (area(Shape::Block, [30.0, 20.0, 7.0]), 2400.0),
            (area(Shape::Rod, [30.0, 20.0, 7.0]), std::f32::consts::PI * 600.0),
            (
                covered(&drawn(&[Solid::between(
                    Shape::Rod,
                    [-30.2, 0.3, 0.0],
                    [19.8, 0.3, 0.0],
                    9.0,
                )])),
                900.0,
            ),
        ] {
            assert!((found / expected - 1.0).abs() < 0.02, "{found} {expected}");
        }
    }

    #[test]
    fn a_ball_is_brightest_where_it_faces_the_light() {
        let image = drawn(&[Solid::new(Shape::Ball, [0.0; 3], [40.0, 40.0, 40.0])]);
        assert!((image.pixels[50 * 101 + 50] - 250.0).abs() < 0.1);
        // 60 degrees off: half of the light.
        let off = (40.0 * 0.75_f32.sqrt()).round() as usize;
        assert!((image.pixels[50 * 101 + 50 + off] - 150.0).abs() < 5.0);
        assert_eq!(image.pixels[0], 0.0);
    }

    #[test]
    fn the_nearer_solid_hides_the_other_in_any_order() {
        let near = Solid::new(Shape::Ball, [0.0, 0.0, 50.0], [10.0; 3]);
        let far = Solid::new(Shape::Block, [0.0; 3], [30.0; 3]);
        let [a, b] = [drawn(&[near, far]), drawn(&[far, near])];
        assert_eq!(a.pixels, b.pixels);
        assert_eq!(a.pixels[50 * 101 + 50 + 25], 250.0);
        assert!(a.pixels[50 * 101 + 50 + 8] < 200.0);
    }

    #[test]
    fn y_points_up_and_what_is_outside_is_cut() {
        let image = drawn(&[Solid::new(Shape::Block, [0.0, 60.0, 0.0], [500.0, 20.0, 1.0])]);
        let row = |y: usize| image.pixels[y * 101..][..101].iter().all(|&pixel| pixel > 0.0);
        assert!((0..10).all(row) && !(11..101).any(row));
    }
}
