// mercurius with its JIT from the first request, loaders, a pool of ten connections and named (prepared) statements.
// A root field reads a product and its figures in one statement; the warehouses of all products of a request are one
// loader's statement. Documents are parsed and validated once, as mercurius does by itself.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import pg from 'pg';

const pool = new pg.Pool({connectionString: process.env.PEER_DATABASE, max: 10});
const schema = `
  type Query {
    products(skus: [String!]!): [Product!]!
    product(sku: String!): Product
  }
  type Product {
    sku: String!
    onHand: Int!
    inTransit: Int!
    availableToPromise: Int!
    warehouses: [WarehouseStock!]!
  }
  type WarehouseStock {
    code: String!
    onHand: Int!
  }
`;
const PRODUCT = `
  SELECT p.id, p.sku, t.on_hand AS "onHand", t.in_transit AS "inTransit", t.promise AS "availableToPromise"
  FROM peer.product p JOIN peer.availability_total t ON t.product_id = p.id`;
const MANY = {name: 'many', text: `${PRODUCT} WHERE p.sku = ANY($1::text[]) ORDER BY p.sku`};
const ONE = {name: 'one', text: `${PRODUCT} WHERE p.sku = $1`};
const WAREHOUSES = {
  name: 'warehouses',
  text: `
    SELECT a.product_id, w.code, a.on_hand AS "onHand"
    FROM peer.availability a JOIN peer.warehouse w ON w.id = a.warehouse_id
    WHERE a.product_id = ANY($1::int[]) ORDER BY a.product_id, a.warehouse_id`
};

const resolvers = {
  Query: {
    products: async (_, {skus}) => (await pool.query({...MANY, values: [skus]})).rows,
    product: async (_, {sku}) => (await pool.query({...ONE, values: [sku]})).rows[0] ?? null
  }
};
const loaders = {
  Product: {
    warehouses: {
      async loader(queries) {
        const found = new Map(queries.map(({obj}) => [obj.id, []]));
        const {rows} = await pool.query({...WAREHOUSES, values: [[...found.keys()]]});
        for(const row of rows) {
          found.get(row.product_id).push(row);
        }
        return queries.map(({obj}) => found.get(obj.id));
      },
      opts: {cache: false} // every product is asked for once; a cache would only serialise its keys
    }
  }
};

const app = Fastify({logger: false, keepAliveTimeout: 600_000}); // the bench asks the others in between
app.register(mercurius, {schema, resolvers, loaders, jit: 1, graphiql: false});
await app.listen({port: Number(process.env.PEER_PORT), host: '127.0.0.1'});
