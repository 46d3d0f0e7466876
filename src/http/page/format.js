// Numbers and times in words.
import {el} from "./dom.js";

export function number(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  const rounded = Number.isInteger(value) ? value : Number(value.toFixed(Math.abs(value) >= 100 ? 0 : digits));
  return rounded.toLocaleString("en");
}

// For the side of a chart: 1500000 is "1.5M".
export function short(value) {
  const at = [1e9, 1e6, 1e3].findIndex((one) => Math.abs(value) >= 10 * one);
  return at < 0 ? number(value, 2) : `${number(value / [1e9, 1e6, 1e3][at], 1)}${["G", "M", "k"][at]}`;
}

export function seconds(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  if (value < 100) return `${number(value, digits)} s`;
  if (value < 7200) return `${number(value / 60, digits)} min`;
  if (value < 172800) return `${number(value / 3600, digits)} h`;
  return `${number(value / 86400, digits)} d`;
}

// Epoch seconds by the relay's clock, where that of this machine differs much.
let clockOffset = 0;

export function now() {
  return Date.now() / 1000 + clockOffset;
}

// `time` is what the relay says of its clock.
export function setClock(time) {
  const offset = Date.parse(time) / 1000 - Date.now() / 1000;
  clockOffset = Math.abs(offset) > 60 ? offset : 0;
}

// "5 min ago"; the moment itself is shown to those who point at it.
export function ago(time) {
  if (!time) return "never";
  return el("time", {datetime: time, title: new Date(time).toLocaleString("en-GB", {timeZoneName: "short"})}, age(time));
}

export function age(time) {
  const passed = Math.max(0, Math.round(now() - Date.parse(time) / 1000));
  return passed < 1 ? "now" : `${seconds(passed, 0)} ago`;
}

// "16:08", with its day where that is not today's; `time` in epoch seconds.
export function clock(time) {
  const moment = new Date(time * 1000);
  const hour = moment.toLocaleTimeString("en-GB", {hour: "2-digit", minute: "2-digit"});
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? hour : `${moment.toLocaleDateString("en-GB", {day: "numeric", month: "short"})} ${hour}`;
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (value >= 1024 && at < units.length - 1) { value /= 1024; at += 1; }
  return `${number(value)} ${units[at]}`;
}

export function count(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

// The middle of a list of numbers; null of none.
export function median(values) {
  const sorted = values.filter((v) => v !== null).sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.floor(sorted.length / 2)];
}

// What stands in the URL for a name of a host or cluster, and back.
export const inUrl = encodeURIComponent;
export const fromUrl = decodeURIComponent;
