// The relay's HTTP API. Every error has a message that says what is wrong.

import {setClock} from "./format.js";

const kTimeout = 15000;

// The token of a relay that wants one is asked for once and kept for this tab.
const kTokenKey = "sluice.token";

// What the relay is, as its page was told last; see askAbout().
export let about = {version: "", instance: "", started: null, path: "", history: true, links: []};

export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// Asked at the start, and when the relay has started anew. One that does not tell is asked again with the next start.
export async function askAbout() {
  about = await get("/api/v1/about").catch(() => about);
}

export async function get(path, query = {}) {
  return ask(path + queryOf(query), {});
}

export async function post(path, text, query = {}) {
  return ask(path + queryOf(query), {method: "POST", body: text, headers: {"Content-Type": "text/plain"}});
}

export function hasToken() {
  return sessionStorage.getItem(kTokenKey) !== null;
}

export function setToken(token) {
  sessionStorage.setItem(kTokenKey, token);
}

function queryOf(query) {
  const parts = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return parts.length === 0 ? "" : `?${new URLSearchParams(parts)}`;
}

async function ask(url, options) {
  const token = sessionStorage.getItem(kTokenKey);
  const headers = {...options.headers, ...(token ? {Authorization: `Bearer ${token}`} : {})};
  let answer;
  try {
    answer = await fetch(url, {...options, headers, signal: AbortSignal.timeout(kTimeout)});
  } catch (error) {
    throw new ApiError(0, "the relay does not answer");
  }
  const text = await answer.text();
  let json = null;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ApiError(answer.status, `the relay answered ${answer.status} without JSON`);
  }
  if (typeof json.time === "string") setClock(json.time);
  if (!answer.ok && answer.status !== 503) throw new ApiError(answer.status, json.detail ?? `status ${answer.status}`);
  if (answer.status === 503 && json.detail) throw new ApiError(503, json.detail);
  return json;
}

// The series that a glob names, by path: [[epoch seconds, value or null], ...]. Without a history, none.
export async function series(path, {from, until = null, limit = 200}) {
  if (!about.history) return new Map();
  const answer = await get("/api/v1/series", {path, from, until, limit});
  return new Map(answer.series.map((one) => [one.path, one.points]));
}
