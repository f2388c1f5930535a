-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION tnfr_pg" to load this file. \quit

-- functions over networks in tables

CREATE FUNCTION tnfr_dnfr_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION tnfr_dnfr_support(internal) IS
	'planner support: rows and cost of functions over a network in tables';

CREATE FUNCTION tnfr_dnfr(edges regclass, nodes regclass,
		form text DEFAULT 'gradient', directed boolean DEFAULT false,
		weights jsonb DEFAULT NULL)
	RETURNS TABLE (node bigint, dnfr double precision)
	AS 'MODULE_PATHNAME', 'tnfr_dnfr_tables' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_dnfr(regclass, regclass, text, boolean, jsonb) IS
	'structural reorganisation gradient (Delta-NFR) of every node of a network, ascending by node';

-- graphs as values

CREATE TYPE tnfr_graph;

CREATE FUNCTION tnfr_graph_in(cstring) RETURNS tnfr_graph
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_out(tnfr_graph) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_recv(internal) RETURNS tnfr_graph
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_send(tnfr_graph) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE tnfr_graph (
	INPUT = tnfr_graph_in,
	OUTPUT = tnfr_graph_out,
	RECEIVE = tnfr_graph_recv,
	SEND = tnfr_graph_send,
	INTERNALLENGTH = variable,
	ALIGNMENT = int4,
	STORAGE = external
);

COMMENT ON TYPE tnfr_graph IS
	'a network''s topology: ids of the nodes, edges, weights';

CREATE FUNCTION tnfr_graph_eq(tnfr_graph, tnfr_graph) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_ne(tnfr_graph, tnfr_graph) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_hash(tnfr_graph) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR = (
	LEFTARG = tnfr_graph, RIGHTARG = tnfr_graph, PROCEDURE = tnfr_graph_eq,
	COMMUTATOR = = , NEGATOR = <> ,
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);

CREATE OPERATOR <> (
	LEFTARG = tnfr_graph, RIGHTARG = tnfr_graph, PROCEDURE = tnfr_graph_ne,
	COMMUTATOR = <> , NEGATOR = = ,
	RESTRICT = neqsel, JOIN = neqjoinsel
);

CREATE OPERATOR CLASS tnfr_graph_ops
	DEFAULT FOR TYPE tnfr_graph USING hash AS
	OPERATOR 1 = ,
	FUNCTION 1 tnfr_graph_hash(tnfr_graph);

CREATE FUNCTION tnfr_graph_nodes(graph tnfr_graph) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_entries(graph tnfr_graph) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_edge_count(graph tnfr_graph) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_density(graph tnfr_graph) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_directed(graph tnfr_graph) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_weighted(graph tnfr_graph) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_bytes(graph tnfr_graph) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_edges(graph tnfr_graph)
	RETURNS TABLE (src bigint, dst bigint, weight double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	COST 1000 ROWS 100000;

COMMENT ON FUNCTION tnfr_graph_nodes(tnfr_graph) IS
	'number of nodes of a graph';
COMMENT ON FUNCTION tnfr_graph_entries(tnfr_graph) IS
	'number of entries of a graph: neighbours of all nodes together';
COMMENT ON FUNCTION tnfr_graph_edge_count(tnfr_graph) IS
	'number of edges of a graph';
COMMENT ON FUNCTION tnfr_graph_density(tnfr_graph) IS
	'edges that are no loops, divided by the number of pairs of nodes';
COMMENT ON FUNCTION tnfr_graph_directed(tnfr_graph) IS
	'is the graph directed?';
COMMENT ON FUNCTION tnfr_graph_weighted(tnfr_graph) IS
	'has any edge of the graph a weight other than 1?';
COMMENT ON FUNCTION tnfr_graph_bytes(tnfr_graph) IS
	'size of a graph in bytes';
COMMENT ON FUNCTION tnfr_graph_edges(tnfr_graph) IS
	'edges of a graph, ascending by (src, dst, weight); undirected: src <= dst';

-- aggregate: a graph of rows

CREATE FUNCTION tnfr_graph_agg_add(internal, bigint, bigint) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_add(internal, bigint, bigint, double precision)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'tnfr_graph_agg_add_weighted' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_add(internal, bigint, bigint, boolean)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'tnfr_graph_agg_add_directed' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_add(internal, bigint, bigint, double precision,
		boolean)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'tnfr_graph_agg_add_weighted_directed' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION tnfr_graph_agg_final(internal) RETURNS tnfr_graph
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE tnfr_graph_agg(src bigint, dst bigint) (
	SFUNC = tnfr_graph_agg_add,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = tnfr_graph_agg_final,
	FINALFUNC_MODIFY = read_write,
	COMBINEFUNC = tnfr_graph_agg_combine,
	SERIALFUNC = tnfr_graph_agg_serialize,
	DESERIALFUNC = tnfr_graph_agg_deserialize,
	PARALLEL = SAFE
);

CREATE AGGREGATE tnfr_graph_agg(src bigint, dst bigint, weight double precision) (
	SFUNC = tnfr_graph_agg_add,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = tnfr_graph_agg_final,
	FINALFUNC_MODIFY = read_write,
	COMBINEFUNC = tnfr_graph_agg_combine,
	SERIALFUNC = tnfr_graph_agg_serialize,
	DESERIALFUNC = tnfr_graph_agg_deserialize,
	PARALLEL = SAFE
);

CREATE AGGREGATE tnfr_graph_agg(src bigint, dst bigint, directed boolean) (
	SFUNC = tnfr_graph_agg_add,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = tnfr_graph_agg_final,
	FINALFUNC_MODIFY = read_write,
	COMBINEFUNC = tnfr_graph_agg_combine,
	SERIALFUNC = tnfr_graph_agg_serialize,
	DESERIALFUNC = tnfr_graph_agg_deserialize,
	PARALLEL = SAFE
);

CREATE AGGREGATE tnfr_graph_agg(src bigint, dst bigint, weight double precision,
		directed boolean) (
	SFUNC = tnfr_graph_agg_add,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = tnfr_graph_agg_final,
	FINALFUNC_MODIFY = read_write,
	COMBINEFUNC = tnfr_graph_agg_combine,
	SERIALFUNC = tnfr_graph_agg_serialize,
	DESERIALFUNC = tnfr_graph_agg_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE tnfr_graph_agg(bigint, bigint) IS
	'the undirected graph of edges (src, dst)';
COMMENT ON AGGREGATE tnfr_graph_agg(bigint, bigint, double precision) IS
	'the undirected graph of weighted edges (src, dst, weight)';
COMMENT ON AGGREGATE tnfr_graph_agg(bigint, bigint, boolean) IS
	'the graph of edges (src, dst), directed or not';
COMMENT ON AGGREGATE tnfr_graph_agg(bigint, bigint, double precision, boolean) IS
	'the graph of weighted edges (src, dst, weight), directed or not';

-- functions over stored graphs

CREATE FUNCTION tnfr_graph_dnfr(graph tnfr_graph, nodes regclass,
		form text DEFAULT 'gradient', weights jsonb DEFAULT NULL)
	RETURNS TABLE (node bigint, dnfr double precision)
	AS 'MODULE_PATHNAME', 'tnfr_dnfr_graph' LANGUAGE C STABLE PARALLEL RESTRICTED
	COST 10000 ROWS 1000 SUPPORT tnfr_dnfr_support;

COMMENT ON FUNCTION tnfr_graph_dnfr(tnfr_graph, regclass, text, jsonb) IS
	'structural reorganisation gradient (Delta-NFR) of every node of a stored graph, ascending by node';
