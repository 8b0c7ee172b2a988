DROP TABLE consultation_event, consultation, customer_phone, customer, agent, team;
