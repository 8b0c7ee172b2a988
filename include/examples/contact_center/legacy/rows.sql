-- Rows of nobody who exists, the same every time. %(customers)s customers; everything else is in proportion.
-- As in every old system some of it is dirty: blanks around names, telephone numbers in five notations, dates that
-- are none, a grade code that the code table lost.
INSERT INTO tb_cd VALUES
    ('GRD', '1', '일반'), ('GRD', '2', '우수'), ('GRD', '3', 'VIP'),
    ('CHNL', 'TEL', '전화'), ('CHNL', 'CHT', '채팅'), ('CHNL', 'EML', '이메일'), ('CHNL', 'VST', '방문'),
    ('STAT', '10', '접수'), ('STAT', '20', '처리중'), ('STAT', '30', '완료'), ('STAT', '40', '이관'),
    ('EST', 'W', '대기'), ('EST', 'C', '상담중'), ('EST', 'A', '후처리'), ('EST', 'B', '휴식'), ('EST', 'E', '교육');
INSERT INTO tb_team VALUES ('T001', '상담1팀'), ('T002', '상담2팀'), ('T003', '기술지원팀'), ('T004', 'VIP상담팀');
CREATE FUNCTION pg_temp.pick(n bigint, salt integer, size integer) RETURNS integer IMMUTABLE LANGUAGE sql
    RETURN ((hashint8extended(n, salt) & 9223372036854775807) % size)::integer;
CREATE FUNCTION pg_temp.person(n bigint) RETURNS text IMMUTABLE LANGUAGE sql RETURN
    (ARRAY['김','이','박','최','정','강','조','윤','장','임','한','오','서','신','권','황','안','송','류','홍'])
        [1 + pg_temp.pick(n, 1, 20)]
    || (ARRAY['서준','하윤','지호','수아','도윤','지우','예준','서연','시우','민서','주원','채원','건우','다은','현우',
              '은지','준서','유나','성민','가온'])[1 + pg_temp.pick(n, 2, 20)];
INSERT INTO tb_emp
SELECT 'E' || lpad(n::text, 5, '0'), pg_temp.person(n + 1000000), 'T00' || (1 + n % 4), (7000 + n)::text,
       (ARRAY['W','C','A','B','E'])[1 + pg_temp.pick(n, 3, 5)], CASE WHEN n % 40 = 0 THEN 'N' ELSE 'Y' END
FROM generate_series(1, 120) AS n;
INSERT INTO tb_cust
SELECT n,
       CASE WHEN n % 50 = 0 THEN '  ' || pg_temp.person(n) || ' ' ELSE pg_temp.person(n) END,
       lpad((500101 + pg_temp.pick(n, 4, 28))::text, 6, '0') || '-' || (1 + n % 2) || lpad((n % 1000000)::text, 6, '0'),
       CASE WHEN n % 3 = 0 THEN '02-0000-' || lpad((n % 10000)::text, 4, '0') END,
       CASE n % 5 WHEN 0 THEN '010 0000 ' || lpad((n % 10000)::text, 4, '0')
                  WHEN 1 THEN '0100000' || lpad((n % 10000)::text, 4, '0')
                  WHEN 2 THEN '010.0000.' || lpad((n % 10000)::text, 4, '0')
                  ELSE '010-0000-' || lpad((n % 10000)::text, 4, '0') END,
       CASE WHEN n % 7 = 0 THEN '031)000-' || lpad((n % 10000)::text, 4, '0') END,
       CASE WHEN n % 997 = 0 THEN '9' ELSE (1 + pg_temp.pick(n, 5, 3))::text END,
       CASE WHEN n % 1499 = 0 THEN '00000000' WHEN n % 1009 = 0 THEN NULL
            ELSE to_char(date '2009-03-02' + pg_temp.pick(n, 6, 6000), 'YYYYMMDD') END,
       CASE WHEN n % 211 = 0 THEN 'Y' ELSE 'N' END
FROM generate_series(1, %(customers)s) AS n;
INSERT INTO tb_cust_addr
SELECT n, seq, lpad(pg_temp.pick(n * 3 + seq, 7, 63000)::text, 5, '0'),
       (ARRAY['서울특별시 중구','부산광역시 해운대구','경기도 성남시 분당구','대전광역시 유성구','제주특별자치도 제주시'])
           [1 + pg_temp.pick(n + seq, 8, 5)] || ' 없는길 ' || pg_temp.pick(n, 9, 400),
       CASE WHEN n % 2 = 0 THEN pg_temp.pick(n, 10, 30) || '층' END
FROM generate_series(1, %(customers)s) AS n, generate_series(1, 2) AS seq WHERE seq = 1 OR n % 4 = 0;
INSERT INTO tb_cnsl (cnsl_no, cust_no, emp_no, chnl_cd, topic, stat_cd, rcv_dtm, end_dtm, req_no)
SELECT n, 1 + pg_temp.pick(n, 11, %(customers)s),
       CASE WHEN stat <> '10' THEN 'E' || lpad((1 + pg_temp.pick(n, 12, 120))::text, 5, '0') END,
       (ARRAY['TEL','TEL','TEL','CHT','CHT','EML','VST'])[1 + pg_temp.pick(n, 13, 7)],
       (ARRAY['요금 문의','가입 상담','해지 상담','장애 신고','비밀번호 초기화','배송 조회','환불 요청','주소 변경'])
           [1 + pg_temp.pick(n, 14, 8)],
       stat, rcv, CASE WHEN stat = '30' THEN rcv + make_interval(mins => 3 + pg_temp.pick(n, 15, 87)) END, NULL
FROM generate_series(1::bigint, %(customers)s * 3) AS n,
     LATERAL (SELECT timestamp '2024-01-02 09:00' + make_interval(mins => (n * 9)::integer) AS rcv,
                     CASE WHEN n > %(customers)s * 3 - 30 THEN (ARRAY['10','20','30'])[1 + pg_temp.pick(n, 16, 3)]
                          WHEN pg_temp.pick(n, 17, 12) = 0 THEN '40' ELSE '30' END AS stat) AS drawn;
INSERT INTO tb_cnsl_memo
SELECT n, seq, (ARRAY['청구 금액이 지난달과 다른 까닭을 안내함','본인 확인 후 처리함','기술지원팀에 전달함',
                      '운송장 번호와 도착 예정일을 안내함','환불 조건을 확인함','고객이 다시 연락하기로 함'])
                   [1 + pg_temp.pick(n * 5 + seq, 18, 6)]
FROM generate_series(1::bigint, %(customers)s * 3) AS n, generate_series(1, 2) AS seq WHERE seq = 1 OR n % 5 = 0;
INSERT INTO tb_cnsl_hist (hist_no, cnsl_no, stat_cd, emp_no, chg_dtm)
SELECT row_number() OVER (ORDER BY cnsl_no, step), cnsl_no, CASE step WHEN 1 THEN '10' ELSE stat_cd END,
       CASE step WHEN 1 THEN NULL ELSE emp_no END, CASE step WHEN 1 THEN rcv_dtm ELSE coalesce(end_dtm, rcv_dtm) END
FROM tb_cnsl, generate_series(1, 2) AS step WHERE step = 1 OR stat_cd <> '10';
SELECT setval(pg_get_serial_sequence('tb_cnsl', 'cnsl_no'), max(cnsl_no)) FROM tb_cnsl;
SELECT setval(pg_get_serial_sequence('tb_cnsl_hist', 'hist_no'), max(hist_no)) FROM tb_cnsl_hist;
ANALYZE;
