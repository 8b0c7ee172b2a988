-- Checked once over all rows, which is faster than at each.
ALTER TABLE tb_emp ADD FOREIGN KEY (team_cd) REFERENCES tb_team;
ALTER TABLE tb_cust_addr ADD FOREIGN KEY (cust_no) REFERENCES tb_cust ON DELETE CASCADE;
ALTER TABLE tb_cnsl ADD FOREIGN KEY (cust_no) REFERENCES tb_cust ON DELETE CASCADE;
ALTER TABLE tb_cnsl ADD FOREIGN KEY (emp_no) REFERENCES tb_emp;
ALTER TABLE tb_cnsl_memo ADD FOREIGN KEY (cnsl_no) REFERENCES tb_cnsl ON DELETE CASCADE;
ALTER TABLE tb_cnsl_hist ADD FOREIGN KEY (cnsl_no) REFERENCES tb_cnsl ON DELETE CASCADE;
CREATE INDEX tb_cnsl_rcv ON tb_cnsl (rcv_dtm DESC);
CREATE INDEX tb_cnsl_hist_cnsl ON tb_cnsl_hist (cnsl_no);
