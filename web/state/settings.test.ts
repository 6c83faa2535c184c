import { expect, test } from "vitest";
import { parseConfiguration } from "./page-configuration.ts";
import { formOf, parseSettings } from "./settings.ts";

const BASE = "https://page.example/lessons/";

test("a form becomes settings with absolute addresses, blank lines left out", () => {
  const form = {
    mirrors: " /mirror/ \n\nhttps://images.example/oci\n",
    proxy: "./proxy/",
    insecureRegistries: "registry.lan:5000\n",
  };
  expect(parseSettings(form, BASE)).toEqual({
    settings: {
      mirrors: ["https://page.example/mirror/", "https://images.example/oci"],
      proxy: "https://page.example/lessons/proxy/",
      insecureRegistries: ["registry.lan:5000"],
    },
    errors: {},
  });
});

test("each field that makes no sense is named with what is wrong", () => {
  const form = {
    mirrors: "ftp://images.example/",
    proxy: "proxy",
    insecureRegistries: "http://registry.lan",
  };
  expect(parseSettings(form, BASE).errors).toEqual({
    mirrors: "“ftp://images.example/” is not an http(s) address or a path of this site",
    proxy: "“proxy” is not an http(s) address or a path of this site",
    insecureRegistries: "“http://registry.lan” is not a registry's domain, such as localhost:5000",
  });
});

test("an empty proxy is none, and settings survive the form", () => {
  const settings = {
    mirrors: ["https://a.example/", "https://b.example/"],
    proxy: "",
    insecureRegistries: ["c.example"],
  };
  expect(parseSettings(formOf(settings, []), BASE)).toEqual({ settings, errors: {} });
});

test("the server's configuration is made absolute, and nonsense in it is left out", () => {
  expect(parseConfiguration({ mirrors: ["/mirror/", 7, ""], proxy: "/proxy/" }, BASE)).toEqual({
    mirrors: ["https://page.example/mirror/"],
    proxy: "https://page.example/proxy/",
  });
  expect(parseConfiguration({ mirrors: "no", proxy: null }, BASE)).toEqual({
    mirrors: [],
    proxy: "",
  });
  expect(parseConfiguration(null, BASE)).toEqual({ mirrors: [], proxy: "" });
});
