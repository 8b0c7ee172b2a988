-- The contact centre's tables; versions 1 and 2 work on the same ones.
CREATE TABLE customer (
    id integer PRIMARY KEY,
    name text NOT NULL,
    phone text NOT NULL,
    grade text NOT NULL CHECK (grade IN ('일반', '우수', 'VIP')),
    registered_on date NOT NULL
);
CREATE TABLE agent (
    id integer PRIMARY KEY,
    name text NOT NULL,
    team text NOT NULL,
    extension text NOT NULL UNIQUE,
    status text NOT NULL CHECK (status IN ('대기', '상담중', '후처리', '휴식', '교육'))
);
CREATE TABLE consultation (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customer,
    agent_id integer REFERENCES agent,
    channel text NOT NULL CHECK (channel IN ('전화', '채팅', '이메일', '방문')),
    topic text NOT NULL,
    status text NOT NULL CHECK (status IN ('접수', '처리중', '완료', '이관')),
    received_at timestamptz NOT NULL,
    closed_at timestamptz,
    summary text NOT NULL,
    CHECK (closed_at >= received_at)
);
CREATE INDEX consultation_received_at ON consultation (received_at DESC);
