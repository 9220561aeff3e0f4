// RADIO and DISH (RFC 48; libzmq test_radio_dish): groups by exact name, over every stream and inproc.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dish, Radio } from "../../src/node.ts";
import { freePort } from "../support/free-port.ts";

for (const endpoint of ["tcp://127.0.0.1:*", "ipc://*", "inproc://radio"]) {
  const over = endpoint.split(":", 1)[0];

  test(`test_radio_dish over ${over}: only members of the group get a message, compared exactly, each once`, async () => {
    const radio = new Radio();
    await radio.bind(endpoint);
    const dish = new Dish();
    dish.join("TV", "Movies");
    dish.connect(radio.lastEndpoint as string);
    await radio.joined("Movies");
    await radio.joined("TV");
    for (const group of ["T", "TV2", "tv", ""]) await radio.send("not for us", { group });
    await radio.send("Friends", { group: "TV" });
    await radio.send("Godfather", { group: Buffer.from("Movies") });
    const got = [await dish.receive(), await dish.receive()];
    assert.deepEqual(
      got.map(([body, { group }]) => [String(body), String(group)]),
      [
        ["Friends", "TV"],
        ["Godfather", "Movies"],
      ],
    );
    dish.leave("TV");
    dish.join("Radio");
    await radio.joined("Radio");
    await radio.send("Friends", { group: "TV" });
    await radio.send("News", { group: "Radio" });
    assert.equal(String((await dish.receive())[0]), "News");
    radio.close();
    dish.close();
  });
}

test("groups are joined again after a reconnection", async () => {
  const radio = new Radio();
  await radio.bind(`tcp://127.0.0.1:${await freePort()}`);
  const endpoint = radio.lastEndpoint as string;
  const dish = new Dish({ reconnectInterval: 1 });
  dish.join("g");
  dish.connect(endpoint);
  await radio.joined("g");
  await radio.end();
  const next = new Radio();
  await next.bind(endpoint);
  await next.joined("g");
  await next.send("again", { group: "g" });
  assert.equal(String((await dish.receive())[0]), "again");
  next.close();
  dish.close();
});

test("test_radio_dish: joining twice, leaving what was not joined and a group of 256 octets are EINVAL; 255 octets are not", () => {
  const dish = new Dish();
  dish.join("a", "g".repeat(255));
  assert.throws(() => dish.join("a"), { code: "EINVAL" });
  assert.throws(() => dish.leave("b"), { code: "EINVAL" });
  assert.throws(() => dish.join("g".repeat(256)), { code: "EINVAL", message: /255/ });
  dish.leave("a");
  dish.join("a");
  dish.close();
  const radio = new Radio();
  assert.throws(() => radio.send("x", { group: "g".repeat(256) }), { code: "EINVAL" });
  assert.throws(() => radio.send("x", {} as { group: string }), { code: "EINVAL", message: /group/ });
  radio.close();
});
