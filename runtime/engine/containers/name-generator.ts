/**
 * Names for containers nobody named: an adjective and a person of seafaring, harbours or computing,
 * joined by an underscore as Docker's are. The lists are Slipway's own.
 */
import type { Rng } from "../../../layers/base/clock.ts";

const ADJECTIVES = [
  "able", "afloat", "agile", "amber", "ample", "ardent", "azure", "balmy", "blithe", "bold", "brave", "breezy",
  "bright", "brisk", "buoyant", "calm", "candid", "cheerful", "clever", "coastal", "crisp", "curious", "daring",
  "deft", "dreamy", "eager", "earnest", "elated", "fair", "fearless", "fleet", "fluent", "fond", "frank", "gallant",
  "gentle", "gleaming", "golden", "graceful", "hardy", "hearty", "honest", "humble", "jaunty", "jolly", "jovial",
  "keen", "kind", "lively", "loyal", "lucid", "mellow", "merry", "mighty", "modest", "nimble", "noble", "patient",
  "placid", "plucky", "polite", "proud", "quick", "quiet", "radiant", "ready", "robust", "rosy", "salty", "serene",
  "sharp", "shiny", "silver", "sleek", "smart", "snug", "steady", "stoic", "sturdy", "sunny", "swift", "tidal",
  "tidy", "trim", "trusty", "upbeat", "vivid", "warm", "wavy", "windy", "wise", "witty", "young", "zesty",
] as const;

const PEOPLE = [
  "adelman", "allen", "amundsen", "anson", "babbage", "backus", "baffin", "barents", "bartik", "beaufort", "bering",
  "berners", "boole", "bougainville", "boyd", "bush", "cabot", "cartier", "cerf", "chichester", "church", "clarke",
  "cook", "curry", "cousteau", "dahl", "dampier", "dijkstra", "drake", "eckert", "elcano", "engelbart", "erikson",
  "estrin", "fitzroy", "flinders", "floyd", "franklin", "frobisher", "goldberg", "goldstine", "hamilton", "harrison",
  "henry", "hoare", "holberton", "hopper", "hudson", "iverson", "jacquard", "johnson", "kay", "keller", "kildall",
  "kleene", "knuth", "lamport", "lamarr", "landin", "liskov", "lovelace", "magellan", "mauchly", "mccarthy",
  "mercator", "milner", "moitessier", "moore", "nansen", "naur", "nelson", "newell", "noyce", "nygaard", "pascal",
  "perlis", "perlman", "polo", "ptolemy", "ritchie", "ross", "sammet", "scott", "shackleton", "shannon", "slocum",
  "spence", "stallman", "tasman", "tabarly", "thompson", "turing", "vancouver", "vespucci", "wilkes", "wilkinson",
  "wirth", "zheng", "zuse",
] as const;

/** Draws until a name is free; after a few collisions a digit is added, as Docker does. */
export function generateName(rng: Rng, isTaken: (name: string) => boolean): string {
  const PLAIN_TRIES = 6;
  for (let attempt = 0; ; attempt++) {
    const [first = 0, second = 0, third = 0] = new Uint32Array(rng.fill(new Uint8Array(12)).buffer);
    const name = `${pick(ADJECTIVES, first)}_${pick(PEOPLE, second)}`;
    const candidate = attempt < PLAIN_TRIES ? name : `${name}${third % (10 * attempt)}`;
    if (!isTaken(candidate)) return candidate;
  }
}

function pick(list: readonly string[], draw: number): string {
  return list[draw % list.length] ?? "slipway";
}
