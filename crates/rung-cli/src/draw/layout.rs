//! Where to put the boxes and lines of a graph: in layers, so that lines lead down, with few crossings (after Sugiyama,
//! Tagawa and Toda, "Methods for visual understanding of hierarchical system structures"). The same for the same graph.

use std::collections::HashMap;

/// A point.
pub(super) type Point = (f64, f64);

/// A graph to be laid out.
pub(super) struct Graph<'a> {
    /// The width and height of each box.
    pub(super) sizes: &'a [(f64, f64)],
    /// From the box above to the one below, and of which sort; those that lead in a circle are turned where they must be.
    /// Lines of one sort that begin at one box are one line as far as they can be.
    pub(super) edges: &'a [(usize, usize, u8)],
    /// Between boxes of a layer.
    pub(super) gap: f64,
    /// Between layers.
    pub(super) layer_gap: f64,
}

/// Where everything is.
#[derive(Debug)]
pub(super) struct Layout {
    /// The upper left corner of each box.
    pub(super) places: Vec<Point>,
    /// The points that each line leads through, from the first box of the edge to the second; none for an edge from a box to
    /// itself.
    pub(super) paths: Vec<Vec<Point>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// How often the layers are put in order, down and up.
const SWEEPS: usize = 24;
/// How often boxes are moved towards those that they are joined to.
const MOVES: usize = 40;
/// How wide the place is that a line takes in a layer.
const LANE: f64 = 14.0;

/// A box, or a place where a line crosses a layer.
#[derive(Debug, Clone, Copy)]
struct Spot {
    width: f64,
    layer: usize,
    /// The middle.
    x: f64,
}

/// The spots of lines by the box that they begin at, their sort and the layer.
type Lanes = HashMap<(usize, u8, usize), usize>;

struct Work {
    spots: Vec<Spot>,
    /// Spots by layer, from left to right.
    layers: Vec<Vec<usize>>,
    /// The spots that each is joined to in the layer above, and in the one below.
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

/// Lays a graph out.
pub(super) fn layout(graph: &Graph<'_>) -> Layout {
    let ends: Vec<(usize, usize)> = graph.edges.iter().map(|(from, to, _)| (*from, *to)).collect();
    let forward = without_circles(graph.sizes.len(), &ends);
    let depth = depths(graph, &forward);
    let mut work = Work {
        spots: graph
            .sizes
            .iter()
            .zip(&depth)
            .map(|((width, _), layer)| Spot { width: *width, layer: *layer, x: 0.0 })
            .collect(),
        layers: vec![Vec::new(); depth.iter().max().map_or(0, |deepest| deepest + 1)],
        above: vec![Vec::new(); graph.sizes.len()],
        below: vec![Vec::new(); graph.sizes.len()],
    };
    for (at, layer) in depth.iter().enumerate() {
        work.layers[*layer].push(at);
    }
    // An edge over several layers has a spot of its own in each between.
    let mut lanes = HashMap::new();
    let chains: Vec<Vec<usize>> = forward
        .iter()
        .zip(graph.edges)
        .map(|((from, to), edge)| work.chain(*from, *to, (edge.0 == *from).then_some(edge.2), &mut lanes))
        .collect();
    work.order();
    work.place(graph.gap);

    let heights: Vec<f64> = work
        .layers
        .iter()
        .map(|layer| layer.iter().filter_map(|at| graph.sizes.get(*at)).map(|(_, height)| *height).fold(0.0, f64::max))
        .collect();
    let tops: Vec<f64> = heights
        .iter()
        .scan(0.0, |top, height| {
            let here = *top;
            *top += height + graph.layer_gap;
            Some(here)
        })
        .collect();
    let left = work.spots.iter().map(|spot| spot.x - spot.width / 2.0).fold(f64::INFINITY, f64::min);
    let left = if left.is_finite() { left } else { 0.0 };
    let right = work.spots.iter().map(|spot| spot.x + spot.width / 2.0).fold(left, f64::max);
    let middle = |at: usize| work.spots[at].x - left;
    let places: Vec<Point> = graph
        .sizes
        .iter()
        .enumerate()
        .map(|(at, (width, _))| (middle(at) - width / 2.0, tops[work.spots[at].layer]))
        .collect();
    // Where a line leaves a box, and where it comes in: side by side, in the order in which they lead away.
    // Those of one sort that begin at a box leave it together; those that come in do so one by one.
    let sort = |number: usize| (ends[number] == forward[number]).then_some(graph.edges[number].2);
    let leave = work.ports(&chains, graph.sizes.len(), sort, |chain| Some((*chain.first()?, *chain.get(1)?)));
    let last = |chain: &[usize]| Some((*chain.last()?, *chain.get(chain.len().checked_sub(2)?)?));
    let enter = work.ports(&chains, graph.sizes.len(), |_| None, last);
    let paths = ends.iter().zip(&chains).zip(&forward).enumerate().map(|(number, ((edge, chain), turned))| {
        let [first, between @ .., last] = chain.as_slice() else { return Vec::new() };
        let out = middle(*first) + leave[number];
        let layer = work.spots[*first].layer;
        // Beside a box that is higher it goes straight down.
        let mut path = vec![(out, places[*first].1 + graph.sizes[*first].1), (out, tops[layer] + heights[layer])];
        for at in between {
            let layer = work.spots[*at].layer;
            path.extend([(middle(*at), tops[layer]), (middle(*at), tops[layer] + heights[layer])]);
        }
        path.push((middle(*last) + enter[number], places[*last].1));
        if edge != turned {
            path.reverse();
        }
        path
    });
    let paths: Vec<Vec<Point>> = paths.collect();
    let height = tops.last().zip(heights.last()).map_or(0.0, |(top, height)| top + height);
    Layout { paths, places, width: right - left, height }
}

/// The edges, those turned that lead back to where a walk along them has come from.
fn without_circles(count: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, (from, _)) in edges.iter().enumerate() {
        next[*from].push(at);
    }
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Open,
        Done,
    }
    let mut seen = vec![Seen::No; count];
    let mut turned = edges.to_vec();
    for start in 0..count {
        if seen[start] != Seen::No {
            continue;
        }
        seen[start] = Seen::Open;
        let mut open = vec![(start, 0)];
        while let Some((at, number)) = open.pop() {
            let Some(edge) = next[at].get(number) else {
                seen[at] = Seen::Done;
                continue;
            };
            open.push((at, number + 1));
            let to = edges[*edge].1;
            match seen[to] {
                Seen::No => {
                    seen[to] = Seen::Open;
                    open.push((to, 0));
                }
                Seen::Open if to != at => turned[*edge] = (to, at),
                Seen::Open | Seen::Done => {}
            }
        }
    }
    turned
}

/// How much wider than high a drawing should be.
const SHAPE: f64 = 1.6;

/// How wide a layer may be, for all of them together to have the shape that they should.
fn widest(graph: &Graph<'_>) -> f64 {
    let area: f64 = graph.sizes.iter().map(|(width, height)| (width + graph.gap) * (height + graph.layer_gap)).sum();
    (area * SHAPE).sqrt()
}

/// The layer of each: below all that are above it, and where one is full, further down.
fn depths(graph: &Graph<'_>, edges: &[(usize, usize)]) -> Vec<usize> {
    let (count, widest) = (graph.sizes.len(), widest(graph));
    let width = |at: usize| graph.sizes[at].0 + graph.gap;
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to) in edges.iter().filter(|(from, to)| from != to) {
        above[*to].push(*from);
        below[*from].push(*to);
    }
    let mut waiting: Vec<usize> = above.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..count).filter(|at| waiting[*at] == 0).collect();
    let mut depth = vec![0; count];
    let mut full: Vec<f64> = Vec::new();
    let mut next = 0;
    while let Some(at) = ready.get(next).copied() {
        next += 1;
        let mut layer = above[at].iter().map(|over| depth[*over] + 1).max().unwrap_or(0);
        while full.get(layer).is_some_and(|used| *used > 0.0 && *used + width(at) > widest) {
            layer += 1;
        }
        full.resize(full.len().max(layer + 1), 0.0);
        full[layer] += width(at);
        depth[at] = layer;
        for under in &below[at] {
            waiting[*under] -= 1;
            if waiting[*under] == 0 {
                ready.push(*under);
            }
        }
    }
    // What nothing is above stands right over what it is above of.
    for at in (0..count).filter(|at| above[*at].is_empty()) {
        let lowest = below[at].iter().map(|under| depth[*under] - 1).min();
        if let Some(layer) = lowest.filter(|layer| *layer > depth[at] && full[*layer] + width(at) <= widest) {
            full[depth[at]] -= width(at);
            full[layer] += width(at);
            depth[at] = layer;
        }
    }
    // A layer that was left is none.
    let used: std::collections::BTreeSet<usize> = depth.iter().copied().collect();
    let numbers: HashMap<usize, usize> = used.into_iter().enumerate().map(|(new, old)| (old, new)).collect();
    depth.iter().map(|layer| numbers[layer]).collect()
}

impl Work {
    /// Joins two spots, by one in each layer between them; all of them from above to below. Lines of one sort from one box
    /// have these in common.
    fn chain(&mut self, from: usize, to: usize, sort: Option<u8>, lanes: &mut Lanes) -> Vec<usize> {
        if from == to {
            return Vec::new();
        }
        let mut chain = vec![from];
        for layer in self.spots[from].layer + 1..self.spots[to].layer {
            let lane = sort.and_then(|sort| lanes.get(&(from, sort, layer)).copied());
            let at = lane.unwrap_or_else(|| {
                self.spots.push(Spot { width: LANE, layer, x: 0.0 });
                self.above.push(Vec::new());
                self.below.push(Vec::new());
                self.layers[layer].push(self.spots.len() - 1);
                self.spots.len() - 1
            });
            lanes.extend(sort.map(|sort| ((from, sort, layer), at)));
            chain.push(at);
        }
        chain.push(to);
        for pair in chain.windows(2) {
            if !self.below[pair[0]].contains(&pair[1]) || pair[1] == to {
                self.below[pair[0]].push(pair[1]);
                self.above[pair[1]].push(pair[0]);
            }
        }
        chain
    }

    /// How far from the middle of its box each line stands, by the end that `end` gives with the spot next to it. Those of one
    /// sort stand at one place.
    fn ports(
        &self,
        chains: &[Vec<usize>],
        boxes: usize,
        sort: impl Fn(usize) -> Option<u8>,
        end: impl Fn(&[usize]) -> Option<(usize, usize)>,
    ) -> Vec<f64> {
        // Where the lines of a place lead to, and which they are.
        type Port = (f64, Vec<usize>);
        let mut by_box: Vec<Vec<Port>> = vec![Vec::new(); boxes];
        let mut shared: HashMap<(usize, u8), usize> = HashMap::new();
        for (number, chain) in chains.iter().enumerate().filter(|(_, chain)| chain.len() > 1) {
            let Some((at, next)) = end(chain) else { continue };
            let x = self.spots[next].x;
            let place = sort(number).map(|sort| *shared.entry((at, sort)).or_insert(by_box[at].len()));
            match place.and_then(|place| by_box[at].get_mut(place)) {
                Some((sum, lines)) => {
                    *sum += x;
                    lines.push(number);
                }
                None => by_box[at].push((x, vec![number])),
            }
        }
        let mut offsets = vec![0.0; chains.len()];
        for (at, mut places) in by_box.into_iter().enumerate() {
            let middle = |(sum, lines): &Port| sum / lines.len() as f64;
            places.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
            let between = (self.spots[at].width * 0.8 / places.len().max(1) as f64).min(18.0);
            let half = places.len().saturating_sub(1) as f64 / 2.0;
            for (place, (_, lines)) in places.into_iter().enumerate() {
                lines.into_iter().for_each(|number| offsets[number] = (place as f64 - half) * between);
            }
        }
        offsets
    }

    /// Puts each layer in an order that few lines cross in: every spot by the middle of those that it is joined to, down and
    /// up, and the best of all that was seen.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.layers.clone());
        // Where each stands in its layer.
        let mut position = vec![0.0; self.spots.len()];
        let note = |position: &mut [f64], layer: &[usize]| {
            layer.iter().enumerate().for_each(|(number, at)| position[*at] = number as f64);
        };
        self.layers.iter().for_each(|layer| note(&mut position, layer));
        for sweep in 0..SWEEPS {
            let is_down = sweep % 2 == 0;
            let count = self.layers.len();
            for step in 1..count {
                let layer = if is_down { step } else { count - 1 - step };
                let joined = if is_down { &self.above } else { &self.below };
                let middle = |at: &usize| match joined[*at].as_slice() {
                    [] => position[*at],
                    others => others.iter().map(|other| position[*other]).sum::<f64>() / others.len() as f64,
                };
                self.layers[layer].sort_by(|a, b| middle(a).total_cmp(&middle(b)));
                note(&mut position, &self.layers[layer]);
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.layers.clone());
            }
            if best.0 == 0 {
                break;
            }
        }
        self.layers = best.1;
    }

    /// How many pairs of lines cross.
    fn crossings(&self) -> usize {
        self.layers
            .windows(2)
            .map(|pair| {
                let place: HashMap<usize, usize> =
                    pair[1].iter().enumerate().map(|(number, at)| (*at, number)).collect();
                let ends: Vec<usize> = pair[0]
                    .iter()
                    .flat_map(|at| {
                        let mut ends: Vec<usize> = self.below[*at].iter().map(|under| place[under]).collect();
                        ends.sort_unstable();
                        ends
                    })
                    .collect();
                // Those behind a line that end before it; counted in a tree of sums, since there may be thousands.
                let mut tree = vec![0_usize; pair[1].len() + 1];
                let mut crossings = 0;
                for (number, end) in ends.iter().enumerate() {
                    let mut upto = 0;
                    let mut at = end + 1;
                    while at > 0 {
                        upto += tree[at];
                        at &= at - 1;
                    }
                    crossings += number - upto;
                    let mut at = end + 1;
                    while at < tree.len() {
                        tree[at] += 1;
                        at += at & at.wrapping_neg();
                    }
                }
                crossings
            })
            .sum()
    }

    /// Moves every spot towards those that it is joined to, as far as its neighbours let it.
    fn place(&mut self, gap: f64) {
        for layer in &self.layers {
            let mut x = 0.0;
            for at in layer {
                self.spots[*at].x = x + self.spots[*at].width / 2.0;
                x += self.spots[*at].width + gap;
            }
            // All layers begin around one middle.
            for at in layer {
                self.spots[*at].x -= (x - gap) / 2.0;
            }
        }
        for round in 0..MOVES {
            for step in 0..self.layers.len() {
                let layer = if round % 2 == 0 { step } else { self.layers.len() - 1 - step };
                let wishes: Vec<Option<f64>> = self.layers[layer].iter().map(|at| self.wish(*at, round)).collect();
                // What nothing is joined to stands near the others.
                let (sum, count) = wishes.iter().flatten().fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
                let middle = if count > 0.0 { sum / count } else { 0.0 };
                let wishes: Vec<f64> = wishes.into_iter().map(|wish| wish.unwrap_or(middle)).collect();
                let apart: Vec<f64> = self.layers[layer]
                    .windows(2)
                    .map(|pair| (self.spots[pair[0]].width + self.spots[pair[1]].width) / 2.0 + gap)
                    .collect();
                for (at, x) in self.layers[layer].iter().zip(nearest(&wishes, &apart)) {
                    self.spots[*at].x = x;
                }
            }
        }
    }

    /// Where a spot would like to be: in the middle of those above it, below it, or at last both.
    fn wish(&self, at: usize, round: usize) -> Option<f64> {
        let (first, second) = match round % 2 {
            0 => (&self.above[at], &self.below[at]),
            _ => (&self.below[at], &self.above[at]),
        };
        let last = [first.as_slice(), second].concat();
        let joined = if round + 6 > MOVES {
            &last
        } else if first.is_empty() {
            second
        } else {
            first
        };
        let sum = joined.iter().map(|other| self.spots[*other].x).sum::<f64>();
        (!joined.is_empty()).then(|| sum / joined.len() as f64)
    }
}

/// The places nearest to those that are wished for that keep their order and their distances: what would stand too near is
/// pooled, and stands where all of it is nearest together.
fn nearest(wishes: &[f64], apart: &[f64]) -> Vec<f64> {
    let offsets: Vec<f64> = std::iter::once(0.0)
        .chain(apart.iter().scan(0.0, |sum, gap| {
            *sum += gap;
            Some(*sum)
        }))
        .collect();
    // The mean of a pool, and how many are in it.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (wish, offset) in wishes.iter().zip(&offsets) {
        let mut pool = (wish - offset, 1);
        while let Some(last) = pools.pop_if(|last| last.0 > pool.0) {
            let count = last.1 + pool.1;
            pool = ((last.0 * last.1 as f64 + pool.0 * pool.1 as f64) / count as f64, count);
        }
        pools.push(pool);
    }
    let places = pools.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count));
    places.zip(offsets).map(|(mean, offset)| mean + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line is of a sort of its own.
    fn of(count: usize, edges: &[(usize, usize)]) -> Layout {
        let sizes = vec![(100.0, 30.0); count];
        let edges: Vec<_> = edges.iter().zip(0..).map(|((from, to), sort)| (*from, *to, sort)).collect();
        layout(&Graph { sizes: &sizes, edges: &edges, gap: 20.0, layer_gap: 40.0 })
    }

    #[test]
    fn lines_lead_down_and_boxes_are_apart() {
        let edges = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3), (3, 4), (5, 4)];
        let found = of(6, &edges);
        for (from, to) in edges {
            assert!(found.places[from].1 + 30.0 < found.places[to].1, "{from} {to} {:?}", found.places);
        }
        for (a, (ax, ay)) in found.places.iter().enumerate() {
            for (bx, by) in &found.places[a + 1..] {
                assert!(ay != by || (ax - bx).abs() >= 119.9, "{:?}", found.places);
            }
        }
        // Over a layer, a line has a place of its own.
        assert_eq!(found.paths[4].len(), 5);
    }

    #[test]
    fn circles_and_loops_are_drawn_all_the_same() {
        let found = of(3, &[(0, 1), (1, 2), (2, 0), (1, 1)]);
        assert!(found.paths[3].is_empty());
        let back = &found.paths[2];
        assert!(back[0].1 > back[back.len() - 1].1, "it leads up: {back:?}");
        assert_eq!(of(0, &[]).width, 0.0);
    }

    #[test]
    fn orders_without_crossings_are_found() {
        // Two ladders that are named crosswise.
        let edges = [(0, 3), (1, 2), (2, 5), (3, 4)];
        let found = of(6, &edges);
        let x = |at: usize| found.places[at].0;
        assert_eq!(x(0) < x(1), x(3) < x(2));
        assert_eq!(x(0) < x(1), x(4) < x(5));
    }

    #[test]
    fn a_layer_is_no_wider_than_it_may_be() {
        let sizes = vec![(10.0, 10.0); 300];
        let edges: Vec<(usize, usize, u8)> = (1..300).map(|at| (at % 7, at, 0)).collect();
        let found = layout(&Graph { sizes: &sizes, edges: &edges, gap: 5.0, layer_gap: 5.0 });
        let mut rows: Vec<i64> = found.places.iter().map(|(_, y)| *y as i64).collect();
        rows.sort_unstable();
        // Three hundred boxes of 15 by 15 with what is between them.
        let most = ((300.0_f64 * 15.0 * 15.0 * SHAPE).sqrt() / 15.0) as usize;
        assert!(rows.chunk_by(|a, b| a == b).all(|row| row.len() <= most), "{rows:?}");
        // All that begin at one box and are of one sort leave it at one place.
        let starts: Vec<i64> = edges
            .iter()
            .zip(&found.paths)
            .filter(|(edge, _)| edge.0 == 3 && edge.1 != 3)
            .map(|(_, path)| (path[0].0 * 10.0) as i64)
            .collect();
        assert!(starts.len() > 40 && starts.iter().all(|start| *start == starts[0]), "{starts:?}");
    }

    #[test]
    fn wishes_are_kept_as_far_as_distances_allow() {
        assert_eq!(nearest(&[0.0, 100.0], &[10.0]), [0.0, 100.0]);
        assert_eq!(nearest(&[50.0, 50.0], &[10.0]), [45.0, 55.0]);
        assert_eq!(nearest(&[50.0, 0.0, 200.0], &[10.0, 10.0]), [20.0, 30.0, 200.0]);
    }
}
